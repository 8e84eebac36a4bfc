export { loadDiseases } from './disease-content.store.ts';
export { diseaseConcept } from './disease.concept.ts';
export { createDiseaseStore, knownDiseaseCodes } from './disease.store.ts';
