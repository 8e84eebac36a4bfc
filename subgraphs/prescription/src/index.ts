export { createPrescriptionSubgraph } from './subgraph.ts';
