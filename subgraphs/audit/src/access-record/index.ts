export { accessRecordConcept } from './access-record.concept.ts';
export { createAccessRecordStore } from './access-record.store.ts';
export { createPatientStore } from './patient.store.ts';
