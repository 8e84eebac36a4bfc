import type { Concept } from '@caregraph/subgraph';
import type { StoreTx } from '../client.ts';
import type { PrescriptionContext } from '../context.ts';
import { stockOperations } from './stock.operation.ts';
import { stockResolvers } from './stock.resolver.ts';

export const stockConcept: Concept<PrescriptionContext, StoreTx> = {
  name: 'stock',
  sdl: new URL('./stock.graphql', import.meta.url),
  resolvers: stockResolvers,
  operations: stockOperations,
};
