import { runSubgraph } from '@caregraph/subgraph';
import { createPrescriptionSubgraph } from './subgraph.ts';

await runSubgraph('prescription', createPrescriptionSubgraph);
