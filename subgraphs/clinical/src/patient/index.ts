export { admitPatient } from './patient-admission.store.ts';
export { patientConcept } from './patient.concept.ts';
export { createPatientList } from './patient-list.store.ts';
export { createPatientStore, type PatientStore } from './patient.store.ts';
export { changedOutcome, recordedOutcome } from './patient-outcome.ts';
