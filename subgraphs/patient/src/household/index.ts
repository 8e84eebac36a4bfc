export { householdConcept } from './household.concept.ts';
