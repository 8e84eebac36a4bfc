import type { Concept } from '@caregraph/subgraph';
import type { StoreTx } from '../client.ts';
import type { ClinicalContext } from '../context.ts';
import { pregnancyOperations } from './pregnancy.operation.ts';
import { pregnancyResolvers } from './pregnancy.resolver.ts';

export const pregnancyConcept: Concept<ClinicalContext, StoreTx> = {
  name: 'pregnancy',
  sdl: new URL('./pregnancy.graphql', import.meta.url),
  resolvers: pregnancyResolvers,
  operations: pregnancyOperations,
};
