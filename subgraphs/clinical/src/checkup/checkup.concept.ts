import type { Concept } from '@caregraph/subgraph';
import type { StoreTx } from '../client.ts';
import type { ClinicalContext } from '../context.ts';
import { checkupOperations } from './checkup.operation.ts';
import { checkupResolvers } from './checkup.resolver.ts';

export const checkupConcept: Concept<ClinicalContext, StoreTx> = {
  name: 'checkup',
  sdl: new URL('./checkup.graphql', import.meta.url),
  resolvers: checkupResolvers,
  operations: checkupOperations,
};
