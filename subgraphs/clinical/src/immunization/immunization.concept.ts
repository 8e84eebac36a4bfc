import type { Concept } from '@caregraph/subgraph';
import type { StoreTx } from '../client.ts';
import type { ClinicalContext } from '../context.ts';
import { immunizationOperations } from './immunization.operation.ts';
import { immunizationResolvers } from './immunization.resolver.ts';

export const immunizationConcept: Concept<ClinicalContext, StoreTx> = {
  name: 'immunization',
  sdl: new URL('./immunization.graphql', import.meta.url),
  resolvers: immunizationResolvers,
  operations: immunizationOperations,
};
