import {
  getNamedType,
  isAbstractType,
  isObjectType,
  type GraphQLCompositeType,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLSchema,
} from 'graphql';
import type { AccessRules } from './access-rules.ts';

/** What an actor must meet to ask a field, as indices of requirements. */
export interface FieldNeeds {
  /** Each of these. */
  readonly all: readonly number[];
  /** And of each list one: a field that returns an interface or union must lead somewhere. */
  readonly someOf: readonly (readonly number[])[];
}

/** Tells what a field needs where it is selected on a type. */
export type NeedsOf = (parent: GraphQLCompositeType, fieldName: string) => FieldNeeds;

/**
 * Works out what fields need: of the type that they are on, of their own, of the type that they
 * return. A field of an interface or union stands for that of every possible type, because who
 * holds the answer is known only when a subgraph has been asked. Composition repeats what possible
 * types require on their interface; that too is asked where a field is selected on the interface,
 * and not where a fragment narrows it.
 *
 * @param schema the API schema whose documents are checked
 * @see https://specs.apollo.dev/requiresScopes/v0.1/
 */
export function createNeeds(schema: GraphQLSchema, rules: AccessRules): NeedsOf {
  const known = new Map<string, FieldNeeds>();

  function work(parent: GraphQLCompositeType, fieldName: string): FieldNeeds {
    const all = new Set<number>();
    const someOf: (readonly number[])[] = [];
    for (const type of [parent, ...possibleTypes(schema, parent)]) {
      add(all, rules.types.get(type.name));
      const field = 'getFields' in type ? type.getFields()[fieldName] : undefined;
      if (field === undefined) continue;
      add(all, rules.fields.get(`${type.name}.${fieldName}`));
      const returned = getNamedType(field.type);
      if (!isAbstractType(returned)) add(all, rules.types.get(returned.name));
      else someOf.push(...alternatives(schema, rules, returned));
    }
    return { all: [...all], someOf };
  }

  return (parent, fieldName) => {
    const coordinate = `${parent.name}.${fieldName}`;
    const needs = known.get(coordinate) ?? work(parent, fieldName);
    known.set(coordinate, needs);
    return needs;
  };
}

/** The types that an object can be of where a type is stated. */
export function possibleTypes(
  schema: GraphQLSchema,
  type: GraphQLNamedType,
): readonly GraphQLObjectType[] {
  if (isObjectType(type)) return [type];
  return isAbstractType(type) ? schema.getPossibleTypes(type) : [];
}

function alternatives(
  schema: GraphQLSchema,
  rules: AccessRules,
  type: GraphQLNamedType,
): number[][] {
  const asked = possibleTypes(schema, type).map(({ name }) => rules.types.get(name));
  return asked.some((index) => index === undefined)
    ? []
    : [asked.filter((index) => index !== undefined)];
}

function add(into: Set<number>, index: number | undefined): void {
  if (index !== undefined) into.add(index);
}
