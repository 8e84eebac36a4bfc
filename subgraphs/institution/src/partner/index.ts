export { partnerConcept } from './partner.concept.ts';
export { createPartnerStore } from './partner.store.ts';
