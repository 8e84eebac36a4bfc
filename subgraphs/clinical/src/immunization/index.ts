export { immunizationConcept } from './immunization.concept.ts';
export { createImmunizationStore } from './immunization.store.ts';
