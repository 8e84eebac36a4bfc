import type { Concept } from '@caregraph/subgraph';
import type { StoreTx } from '../client.ts';
import type { ClinicalContext } from '../context.ts';
import { patientResolvers } from './patient.resolver.ts';

/** What this subgraph knows of a patient as such: that they are, and who may see their facts. */
export const patientConcept: Concept<ClinicalContext, StoreTx> = {
  name: 'patient',
  sdl: new URL('./patient.graphql', import.meta.url),
  resolvers: patientResolvers,
};
