import { runSubgraph } from '@caregraph/subgraph';
import { createPatientSubgraph } from './subgraph.ts';

await runSubgraph('patient', createPatientSubgraph);
