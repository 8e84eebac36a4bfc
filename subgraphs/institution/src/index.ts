export { createInstitutionSubgraph } from './subgraph.ts';
