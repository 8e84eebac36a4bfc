import type { Concept } from '@caregraph/subgraph';
import type { StoreTx } from '../client.ts';
import type { PrescriptionContext } from '../context.ts';
import { dispensingOperations } from './dispensing.operation.ts';
import { dispensingResolvers } from './dispensing.resolver.ts';

export const dispensingConcept: Concept<PrescriptionContext, StoreTx> = {
  name: 'dispensing',
  sdl: new URL('./dispensing.graphql', import.meta.url),
  resolvers: dispensingResolvers,
  operations: dispensingOperations,
};
