import {
  getNamedType,
  getNullableType,
  isAbstractType,
  isListType,
  isNonNullType,
  isObjectType,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
} from 'graphql';
import { unknownNames } from '../requirement.ts';
import {
  both,
  concreteTypes,
  demandOf,
  demandsOnTheWay,
  entityTypes,
  implies,
  rootTypes,
} from './access-demand.ts';
import type { AccessRules } from './access-rules.ts';
import { protectedKeyFields } from './key-fields.ts';

/** Open to whoever is authenticated: entities ask for what their types ask for. */
const federationFields = new Set(['_entities', '_service']);

/**
 * Lists what is wrong with the access directives of a schema, a coordinate each.
 *
 * Threat: a field that nobody thought about is open to everybody; a field that is denied takes its
 * parent with it, because it cannot be null. Defence: neither a subgraph boots nor a supergraph is
 * published while this lists anything.
 *
 * @returns `coordinate: what is wrong`; empty when all is well
 * @example accessProblems(buildASTSchema(document), accessRulesOf(document))
 */
export function accessProblems(schema: GraphQLSchema, rules: AccessRules): string[] {
  return [
    ...openRootFields(schema, rules),
    ...entityTypes(schema)
      .filter((type) => !rules.has(type.name) && !isInterfaceObject(type))
      .map((type) => `${type.name}: an entity without an access directive`),
    ...misplacedDirectives(schema, rules),
    ...fieldsThatCannotBeNull(schema, rules),
    ...protectedKeyFields(schema, rules).map(
      (coordinate) => `${coordinate}: an access directive on a field of a key`,
    ),
    ...[...rules].flatMap(([coordinate, requirement]) =>
      unknownNames(requirement).map((name) => `${coordinate}: nobody knows "${name}"`),
    ),
  ];
}

function openRootFields(schema: GraphQLSchema, rules: AccessRules): string[] {
  return rootTypes(schema).flatMap((type) =>
    Object.keys(type.getFields())
      .filter((field) => !federationFields.has(field) && !rules.has(`${type.name}.${field}`))
      .map((field) => `${type.name}.${field}: a root field without an access directive`),
  );
}

/** Composition lets none stand on such a type: its fields ask instead. */
function isInterfaceObject(type: GraphQLObjectType): boolean {
  return [type.astNode, ...type.extensionASTNodes].some((node) =>
    node?.directives?.some(({ name }) => name.value === 'interfaceObject'),
  );
}

/** Composition refuses them on interfaces; on scalars and enums nobody but the router reads them. */
function misplacedDirectives(schema: GraphQLSchema, rules: AccessRules): string[] {
  return [...rules.keys()]
    .filter((coordinate) => !isObjectType(schema.getType(coordinate.split('.')[0] ?? '')))
    .map((coordinate) => `${coordinate}: an access directive on what is no object type`);
}

function fieldsThatCannotBeNull(schema: GraphQLSchema, rules: AccessRules): string[] {
  const onTheWay = demandsOnTheWay(schema, rules);
  const objects = Object.values(schema.getTypeMap()).filter(
    (type): type is GraphQLObjectType => isObjectType(type) && !type.name.startsWith('__'),
  );
  return objects.flatMap((type) =>
    Object.values(type.getFields())
      .filter((field) => !federationFields.has(field.name))
      .filter((field) => {
        const place = `${type.name}.${field.name}`;
        const met = onTheWay.get(type.name) ?? [];
        const own = demandOf(rules.get(place));
        if (type === schema.getMutationType() && isNonNullType(field.type)) return true;
        if (isNonNullType(field.type) && !implies(met, own)) return true;
        return !cannotBeDenied(schema, field, (name) =>
          implies(both(met, own), demandOf(rules.get(name))),
        );
      })
      .map((field) => `${type.name}.${field.name}: may be denied and cannot be null`),
  );
}

/** A type that the way does not let in already must find a place that can be null. */
function cannotBeDenied(
  schema: GraphQLSchema,
  field: GraphQLField<unknown, unknown>,
  isLetIn: (typeName: string) => boolean,
): boolean {
  const types = concreteTypes(schema, field);
  const atTheItem = isAbstractType(getNamedType(field.type));
  const place = atTheItem ? itemType(field.type) : field.type;
  return !isNonNullType(place) || types.every(({ name }) => isLetIn(name));
}

/** Of an interface or a union each item is judged by what it is. */
function itemType(type: GraphQLOutputType): GraphQLOutputType {
  const nullable = getNullableType(type);
  return isListType(nullable) ? itemType(nullable.ofType) : type;
}
