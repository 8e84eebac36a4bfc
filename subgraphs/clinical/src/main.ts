import { runSubgraph } from '@caregraph/subgraph';
import { createClinicalSubgraph } from './subgraph.ts';

await runSubgraph('clinical', createClinicalSubgraph);
