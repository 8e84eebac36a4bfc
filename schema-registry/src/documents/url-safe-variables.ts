import { GraphQLEnumType, Kind, type GraphQLSchema, type TypeNode } from 'graphql';
import type { SourceDocument } from './document-source.ts';

/** Types whose values cannot spell a name, a number of a card, or a day of birth. */
const safeScalars = new Set(['UUID', 'Int', 'Boolean']);

/**
 * Tells whether a document may be asked by GET.
 *
 * Threat: URLs end in the logs of proxies and in histories, where patient data must never be.
 * Defence: GET is for queries whose variables are ids made by the system, numbers, switches and
 * enumerations. `ID` and cursors take any text, and a `Date` may be someone's birthday.
 */
export function isUrlSafe({ operation }: SourceDocument, schema: GraphQLSchema): boolean {
  if (operation.operation !== 'query') return false;
  return (operation.variableDefinitions ?? []).every(({ type }) => {
    const name = nameOf(type);
    return safeScalars.has(name) || schema.getType(name) instanceof GraphQLEnumType;
  });
}

function nameOf(type: TypeNode): string {
  return type.kind === Kind.NAMED_TYPE ? type.name.value : nameOf(type.type);
}
