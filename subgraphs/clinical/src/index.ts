export { createClinicalSubgraph } from './subgraph.ts';
export { sealedFields as clinicalSealedFields } from '../generated/sealed-fields.ts';
