import type { Concept } from '@caregraph/subgraph';
import type { StoreTx } from '../client.ts';
import type { PatientContext } from '../context.ts';
import { relationshipOperations } from './relationship.operation.ts';
import { relationshipResolvers } from './relationship.resolver.ts';

export const relationshipConcept: Concept<PatientContext, StoreTx> = {
  name: 'relationship',
  sdl: new URL('./relationship.graphql', import.meta.url),
  resolvers: relationshipResolvers,
  operations: relationshipOperations,
};
