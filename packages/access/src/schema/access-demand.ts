import {
  getNamedType,
  isAbstractType,
  isObjectType,
  isUnionType,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLSchema,
} from 'graphql';
import type { AccessRequirement } from '../requirement.ts';
import type { AccessRules } from './access-rules.ts';

/** Ways to be let in: one set of names must be held whole. None: nobody; an empty one: everybody. */
export type Demand = readonly ReadonlySet<string>[];

const everybody: Demand = [new Set()];

/** The demand of a requirement; nothing is asked of whom the request has authenticated already. */
export function demandOf(requirement: AccessRequirement | undefined): Demand {
  if (requirement === undefined) return everybody;
  const named = (kind: string, alternatives: readonly (readonly string[])[]): Demand =>
    alternatives.length === 0
      ? everybody
      : alternatives.map((names) => new Set(names.map((name) => `${kind} ${name}`)));
  return both(named('scope', requirement.scopes), named('policy', requirement.policies));
}

/** What must be held to meet two demands. */
export function both(one: Demand, other: Demand): Demand {
  return shortest(one.flatMap((a) => other.map((b) => new Set([...a, ...b]))));
}

/** Tells whether whoever meets one demand meets the other as well. */
export function implies(one: Demand, other: Demand): boolean {
  return one.every((a) => other.some((b) => isWithin(b, a)));
}

/**
 * What whoever has reached a type must have met on the way, whichever way it was: the demands of
 * the fields that lead there from the roots and from references to entities.
 *
 * @returns by type name; a type that nothing leads to is met by nobody
 */
export function demandsOnTheWay(schema: GraphQLSchema, rules: AccessRules): Map<string, Demand> {
  const reached = new Map<string, Demand>();
  const own = (coordinate: string) => demandOf(rules.get(coordinate));
  const pending = entrances(schema);
  for (const type of pending) reached.set(type.name, own(type.name));
  for (let type = pending.shift(); type !== undefined; type = pending.shift()) {
    const here = reached.get(type.name) ?? [];
    for (const field of Object.values(type.getFields())) {
      const asked = both(here, own(`${type.name}.${field.name}`));
      for (const next of concreteTypes(schema, field)) {
        const before = reached.get(next.name) ?? [];
        const after = shortest([...before, ...both(asked, own(next.name))]);
        if (implies(after, before)) continue;
        reached.set(next.name, after);
        pending.push(next);
      }
    }
  }
  return reached;
}

/** The object types that a field may answer with. */
export function concreteTypes(
  schema: GraphQLSchema,
  field: GraphQLField<unknown, unknown>,
): readonly GraphQLObjectType[] {
  const named = getNamedType(field.type);
  if (named.name === '_Entity') return [];
  if (isAbstractType(named)) return schema.getPossibleTypes(named);
  return isObjectType(named) ? [named] : [];
}

/** The root types of a schema that there are. */
export function rootTypes(schema: GraphQLSchema): GraphQLObjectType[] {
  const types = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
  return types.filter((type) => type != null);
}

/** The entities that a subgraph resolves by reference; none in a supergraph. */
export function entityTypes(schema: GraphQLSchema): readonly GraphQLObjectType[] {
  const entities = schema.getType('_Entity');
  return isUnionType(entities) ? entities.getTypes() : [];
}

/** Where a request may begin. A shareable type may be reached through another subgraph's field. */
function entrances(schema: GraphQLSchema): GraphQLObjectType[] {
  const shareable = Object.values(schema.getTypeMap()).filter(
    (type): type is GraphQLObjectType =>
      isObjectType(type) &&
      [type.astNode, ...type.extensionASTNodes].some((node) =>
        node?.directives?.some(({ name }) => name.value === 'shareable'),
      ),
  );
  return [...new Set([...rootTypes(schema), ...entityTypes(schema), ...shareable])];
}

/** Leaves out what asks for all that another way asks for, and more. */
function shortest(ways: Demand): Demand {
  return ways.filter(
    (way, at) =>
      !ways.some(
        (other, place) =>
          place !== at && isWithin(other, way) && (other.size < way.size || place < at),
      ),
  );
}

function isWithin(part: ReadonlySet<string>, whole: ReadonlySet<string>): boolean {
  return [...part].every((name) => whole.has(name));
}
