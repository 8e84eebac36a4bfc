export { areaConcept } from './area.concept.ts';
export { createAreaStore, isAreaWithin } from './area.store.ts';
