export { institutionConcept } from './institution.concept.ts';
export { createInstitutionStore, type InstitutionRecord } from './institution.store.ts';
