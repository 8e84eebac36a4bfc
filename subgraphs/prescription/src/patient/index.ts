export {
  admitPatient,
  keptForReview,
  reachesPatient,
  recordedOutcome,
} from './patient-admission.ts';
export { patientConcept } from './patient.concept.ts';
export { createPatientStore } from './patient.store.ts';
