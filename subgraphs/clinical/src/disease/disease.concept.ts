import type { Concept } from '@caregraph/subgraph';
import type { StoreTx } from '../client.ts';
import type { ClinicalContext } from '../context.ts';
import { diseaseResolvers } from './disease.resolver.ts';

export const diseaseConcept: Concept<ClinicalContext, StoreTx> = {
  name: 'disease',
  sdl: new URL('./disease.graphql', import.meta.url),
  resolvers: diseaseResolvers,
};
