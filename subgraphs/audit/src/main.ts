import { runSubgraph } from '@caregraph/subgraph';
import { createAuditSubgraph } from './subgraph.ts';

await runSubgraph('audit', createAuditSubgraph);
