export { checkupConcept } from './checkup.concept.ts';
export { createCheckupStore } from './checkup.store.ts';
