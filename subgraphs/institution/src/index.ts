export { createInstitutionSubgraph } from './subgraph.ts';
export { institutionsAmong } from './institution/index.ts';
export { sealedFields as institutionSealedFields } from '../generated/sealed-fields.ts';
