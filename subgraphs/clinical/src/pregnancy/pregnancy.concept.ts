import { requires } from '@caregraph/access';
import type { Concept } from '@caregraph/subgraph';
import type { StoreTx } from '../client.ts';
import type { ClinicalContext } from '../context.ts';
import { pregnancyOperations } from './pregnancy.operation.ts';
import { pregnancyResolvers } from './pregnancy.resolver.ts';

const read = requires('clinical:read');

export const pregnancyConcept: Concept<ClinicalContext, StoreTx> = {
  name: 'pregnancy',
  sdl: new URL('./pregnancy.graphql', import.meta.url),
  resolvers: pregnancyResolvers,
  policies: {
    'Query.pregnancy': read,
    'Query.pregnancies': read,
    'Pregnancy.__resolveReference': read,
  },
  operations: pregnancyOperations,
};
