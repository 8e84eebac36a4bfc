import type { Concept } from '@caregraph/subgraph';
import type { StoreTx } from '../client.ts';
import type { PrescriptionContext } from '../context.ts';
import { medicineOperations } from './medicine.operation.ts';
import { medicineResolvers } from './medicine.resolver.ts';

export const medicineConcept: Concept<PrescriptionContext, StoreTx> = {
  name: 'medicine',
  sdl: new URL('./medicine.graphql', import.meta.url),
  resolvers: medicineResolvers,
  operations: medicineOperations,
};
