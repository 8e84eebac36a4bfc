import type { Concept } from '@caregraph/subgraph';
import type { StoreTx } from '../client.ts';
import type { PrescriptionContext } from '../context.ts';
import { allergyOperations } from './allergy.operation.ts';
import { allergyResolvers } from './allergy.resolver.ts';

export const allergyConcept: Concept<PrescriptionContext, StoreTx> = {
  name: 'allergy',
  sdl: new URL('./allergy.graphql', import.meta.url),
  resolvers: allergyResolvers,
  operations: allergyOperations,
};
