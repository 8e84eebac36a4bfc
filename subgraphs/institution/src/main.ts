import { runSubgraph } from '@caregraph/subgraph';
import { institutionErasure } from './erasure/index.ts';
import { createInstitutionSubgraph } from './subgraph.ts';

await runSubgraph('institution', createInstitutionSubgraph, institutionErasure);
