export { partnerConcept } from './partner.concept.ts';
export { createPartnerStore, type PartnerRecord } from './partner.store.ts';
