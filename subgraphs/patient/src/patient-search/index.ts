export { patientSearchConcept } from './patient-search.concept.ts';
export { createPatientSearchStore } from './patient-search.store.ts';
