export { relationshipConcept } from './relationship.concept.ts';
