export { patientConcept } from './patient.concept.ts';
