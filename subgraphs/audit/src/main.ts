import { runSubgraph } from '@caregraph/subgraph';
import { auditErasure } from './erasure/index.ts';
import { createAuditSubgraph } from './subgraph.ts';

await runSubgraph('audit', createAuditSubgraph, auditErasure);
