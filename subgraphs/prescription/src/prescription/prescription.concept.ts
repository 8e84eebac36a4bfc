import type { Concept } from '@caregraph/subgraph';
import type { StoreTx } from '../client.ts';
import type { PrescriptionContext } from '../context.ts';
import { prescriptionOperations } from './prescription.operation.ts';
import { prescriptionResolvers } from './prescription.resolver.ts';

export const prescriptionConcept: Concept<PrescriptionContext, StoreTx> = {
  name: 'prescription',
  sdl: new URL('./prescription.graphql', import.meta.url),
  resolvers: prescriptionResolvers,
  operations: prescriptionOperations,
};
