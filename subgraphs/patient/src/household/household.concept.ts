import type { Concept } from '@caregraph/subgraph';
import type { StoreTx } from '../client.ts';
import type { PatientContext } from '../context.ts';
import { householdOperations } from './household.operation.ts';
import { householdResolvers } from './household.resolver.ts';

export const householdConcept: Concept<PatientContext, StoreTx> = {
  name: 'household',
  sdl: new URL('./household.graphql', import.meta.url),
  resolvers: householdResolvers,
  operations: householdOperations,
};
