export { institutionConcept } from './institution.concept.ts';
export { createInstitutionStore } from './institution.store.ts';
export { institutionsAmong } from './key-owner.store.ts';
