import { Supergraph } from '@apollo/federation-internals';
import { CriticalityLevel, diff } from '@graphql-inspector/core';
import type { GraphQLSchema } from 'graphql';

export interface SchemaChange {
  /** `breaking` stops an existing client, `dangerous` may surprise one. */
  readonly criticality: 'breaking' | 'dangerous' | 'safe';
  readonly message: string;
  /** Coordinate such as `Patient.name`. */
  readonly path: string | undefined;
}

const criticalities = {
  [CriticalityLevel.Breaking]: 'breaking',
  [CriticalityLevel.Dangerous]: 'dangerous',
  [CriticalityLevel.NonBreaking]: 'safe',
} as const;

/**
 * Compares two supergraphs as their clients see them.
 *
 * @param before supergraph SDL that clients know
 * @param after supergraph SDL that is about to replace it
 * @example const breaking = (await findSchemaChanges(a, b)).filter((c) => c.criticality === 'breaking');
 */
export async function findSchemaChanges(before: string, after: string): Promise<SchemaChange[]> {
  const changes = await diff(clientSchema(before), clientSchema(after));
  return changes
    .map(({ criticality, message, path }) => ({
      criticality: criticalities[criticality.level],
      message,
      path,
    }))
    .toSorted((a, b) => (a.message < b.message ? -1 : 1));
}

/** The schema without the directives of federation: what a client can ask. */
export function clientSchema(supergraphSdl: string): GraphQLSchema {
  return Supergraph.build(supergraphSdl, { supportedFeatures: null })
    .apiSchema()
    .toGraphQLJSSchema();
}
