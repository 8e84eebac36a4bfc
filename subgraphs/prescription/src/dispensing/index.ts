export { dispensingConcept } from './dispensing.concept.ts';
export { createDispensingStore } from './dispensing.store.ts';
