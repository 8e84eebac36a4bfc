export { staffConcept } from './staff.concept.ts';
export { createStaffStore, type StaffRecord } from './staff.store.ts';
