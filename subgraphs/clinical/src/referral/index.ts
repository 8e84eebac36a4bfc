export { referralConcept } from './referral.concept.ts';
export { createReferralStore } from './referral.store.ts';
