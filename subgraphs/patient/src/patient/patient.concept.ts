import type { Concept } from '@caregraph/subgraph';
import type { StoreTx } from '../client.ts';
import type { PatientContext } from '../context.ts';
import { movePatient } from './move-patient.operation.ts';
import { changePatientStatus, recordDeath } from './patient-standing.operation.ts';
import { patientResolvers } from './patient.resolver.ts';
import { registerPatient } from './register-patient.operation.ts';
import { updatePatient } from './update-patient.operation.ts';

export const patientConcept: Concept<PatientContext, StoreTx> = {
  name: 'patient',
  sdl: new URL('./patient.graphql', import.meta.url),
  resolvers: patientResolvers,
  operations: [registerPatient, updatePatient, movePatient, recordDeath, changePatientStatus],
};
