import type { Concept } from '@caregraph/subgraph';
import type { StoreTx } from '../client.ts';
import type { PatientContext } from '../context.ts';
import { patientSearchResolvers } from './patient-search.resolver.ts';

export const patientSearchConcept: Concept<PatientContext, StoreTx> = {
  name: 'patientSearch',
  sdl: new URL('./patient-search.graphql', import.meta.url),
  resolvers: patientSearchResolvers,
};
