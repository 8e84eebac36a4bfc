export { areaConcept } from './area.concept.ts';
export { createAreaStore, isAreaWithin, type AreaRecord } from './area.store.ts';
