export { staffConcept } from './staff.concept.ts';
export { createStaffStore } from './staff.store.ts';
