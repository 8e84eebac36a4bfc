export { pregnancyConcept } from './pregnancy.concept.ts';
export { createPregnancyStore, type PregnancyRecord } from './pregnancy.store.ts';
export { findDating } from './pregnancy-write.store.ts';
export { datedLmp } from './pregnancy.service.ts';
