import type { Concept } from '@caregraph/subgraph';
import type { StoreTx } from '../client.ts';
import type { PatientContext } from '../context.ts';
import { identifierOperations } from './identifier.operation.ts';
import { identifierResolvers } from './identifier.resolver.ts';

export const identifierConcept: Concept<PatientContext, StoreTx> = {
  name: 'identifier',
  sdl: new URL('./identifier.graphql', import.meta.url),
  resolvers: identifierResolvers,
  operations: identifierOperations,
};
