export { createPatientSubgraph } from './subgraph.ts';
