export { identifierConcept } from './identifier.concept.ts';
export { newIdentifierInput } from './identifier.input.ts';
export { insertIdentifiers } from './identifier-write.store.ts';
