export { createInstitutionSubgraph } from './subgraph.ts';
export { sealedFields as institutionSealedFields } from '../generated/sealed-fields.ts';
