import { runSubgraph } from '@caregraph/subgraph';
import { patientErasure } from './erasure/index.ts';
import { createPatientSubgraph } from './subgraph.ts';

await runSubgraph('patient', createPatientSubgraph, patientErasure);
