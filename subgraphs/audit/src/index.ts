export { createAuditSubgraph } from './subgraph.ts';
