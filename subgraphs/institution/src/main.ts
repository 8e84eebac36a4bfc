import { runSubgraph } from '@caregraph/subgraph';
import { createInstitutionSubgraph } from './subgraph.ts';

await runSubgraph('institution', createInstitutionSubgraph);
