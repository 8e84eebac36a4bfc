import {
  buildASTSchema,
  getNamedType,
  isObjectType,
  isRequiredArgument,
  parse,
  type ConstDirectiveNode,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLSchema,
} from 'graphql';
import { permits, readRequirement, type AccessRequirement, type Actor } from '@caregraph/access';

/** One step of a way into the graph: a field with its arguments as they are written. */
export interface Step {
  readonly typeName: string;
  readonly fieldName: string;
  readonly argumentsText: string;
}

/** The graph as it was published, with what it asks of an actor at each coordinate. */
export interface AccessGraph {
  readonly types: readonly GraphQLObjectType[];
  fieldsOf(type: GraphQLObjectType): readonly GraphQLField<unknown, unknown>[];
  /** What the schema asks at a field: its own requirement and that of the type it returns. */
  asked(typeName: string, fieldName: string): readonly AccessRequirement[];
  allows(actor: Actor, typeName: string, fieldName: string): boolean;
  /** The shortest way from the query root to an object of a type. */
  wayTo(typeName: string): readonly Step[] | undefined;
}

/**
 * Reads the published graph.
 *
 * @param argumentsFor values for the required arguments of root fields, by coordinate; a field
 *   whose arguments are not known is no way in
 */
export function readAccessGraph(
  sdl: string,
  argumentsFor: Readonly<Record<string, string>>,
): AccessGraph {
  const schema = buildASTSchema(parse(sdl), { assumeValidSDL: true });
  const types = Object.values(schema.getTypeMap()).filter(
    (type) => isObjectType(type) && !/^__|^join__|^link__|^_/.test(type.name),
  ) as GraphQLObjectType[];
  const fieldsOf = (type: GraphQLObjectType) =>
    Object.values(type.getFields()).filter((field) => !hasDirective(field, 'inaccessible'));

  function asked(typeName: string, fieldName: string): AccessRequirement[] {
    const type = schema.getType(typeName);
    const field = isObjectType(type) ? type.getFields()[fieldName] : undefined;
    if (field === undefined) throw new Error(`no such field: ${typeName}.${fieldName}`);
    const returned = getNamedType(field.type);
    const onType = isObjectType(returned) ? directivesOf(returned) : [];
    return [readRequirement(directivesOf(field)), readRequirement(onType)].filter(
      (one) => one !== undefined,
    );
  }

  const ways = findWays(schema, fieldsOf, argumentsFor);
  return {
    types,
    fieldsOf,
    asked,
    allows: (actor, typeName, fieldName) => permits(asked(typeName, fieldName), actor),
    wayTo: (typeName) => ways.get(typeName),
  };
}

function findWays(
  schema: GraphQLSchema,
  fieldsOf: AccessGraph['fieldsOf'],
  argumentsFor: Readonly<Record<string, string>>,
): Map<string, readonly Step[]> {
  const ways = new Map<string, readonly Step[]>([['Query', []]]);
  const waiting = ['Query'];
  for (const typeName of waiting) {
    const type = schema.getType(typeName);
    if (!isObjectType(type)) continue;
    // The ways with known arguments lead to objects that are known to be there.
    const fields = fieldsOf(type).toSorted(
      (one, other) => rank(typeName, one, argumentsFor) - rank(typeName, other, argumentsFor),
    );
    for (const field of fields) {
      const next = getNamedType(field.type).name;
      const known = argumentsFor[`${typeName}.${field.name}`];
      if (ways.has(next) || !isObjectType(schema.getType(next))) continue;
      if (known === undefined && field.args.some(isRequiredArgument)) continue;
      const step = { typeName, fieldName: field.name, argumentsText: known ?? '' };
      ways.set(next, [...(ways.get(typeName) ?? []), step]);
      waiting.push(next);
    }
  }
  return ways;
}

function rank(
  typeName: string,
  field: GraphQLField<unknown, unknown>,
  argumentsFor: Readonly<Record<string, string>>,
): number {
  return argumentsFor[`${typeName}.${field.name}`] === undefined ? 1 : 0;
}

function directivesOf(element: {
  readonly astNode?: { readonly directives?: readonly ConstDirectiveNode[] } | null | undefined;
}): readonly ConstDirectiveNode[] {
  return element.astNode?.directives ?? [];
}

function hasDirective(field: GraphQLField<unknown, unknown>, name: string): boolean {
  return field.astNode?.directives?.some((one) => one.name.value === name) ?? false;
}
