export { createPatientSubgraph } from './subgraph.ts';
export { sealedFields as patientSealedFields } from '../generated/sealed-fields.ts';
export { createMissingDistricts, registeredAt } from './reach/index.ts';
