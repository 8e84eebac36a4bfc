import type { Concept } from '@caregraph/subgraph';
import type { StoreTx } from '../client.ts';
import type { PrescriptionContext } from '../context.ts';
import { patientResolvers } from './patient.resolver.ts';

export const patientConcept: Concept<PrescriptionContext, StoreTx> = {
  name: 'patient',
  sdl: new URL('./patient.graphql', import.meta.url),
  resolvers: patientResolvers,
};
