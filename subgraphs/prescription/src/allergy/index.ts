export { allergyConcept } from './allergy.concept.ts';
export { activeAllergies, createAllergyStore } from './allergy.store.ts';
