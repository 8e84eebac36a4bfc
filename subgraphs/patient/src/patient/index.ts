export { patientConcept } from './patient.concept.ts';
export type { PatientRow } from './patient.store.ts';
