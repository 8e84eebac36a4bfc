export { breakGlassConcept } from './break-glass.concept.ts';
export { createBreakGlassStore } from './break-glass.store.ts';
