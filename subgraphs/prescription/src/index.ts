export { createPrescriptionSubgraph } from './subgraph.ts';
export { sealedFields as prescriptionSealedFields } from '../generated/sealed-fields.ts';
