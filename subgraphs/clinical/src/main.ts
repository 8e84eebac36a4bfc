import { runSubgraph } from '@caregraph/subgraph';
import { clinicalErasure } from './erasure/index.ts';
import { createClinicalSubgraph } from './subgraph.ts';

await runSubgraph('clinical', createClinicalSubgraph, clinicalErasure);
