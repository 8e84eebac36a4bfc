export { createClinicalSubgraph } from './subgraph.ts';
