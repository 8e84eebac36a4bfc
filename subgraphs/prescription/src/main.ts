import { runSubgraph } from '@caregraph/subgraph';
import { prescriptionErasure } from './erasure/index.ts';
import { createPrescriptionSubgraph } from './subgraph.ts';

await runSubgraph('prescription', createPrescriptionSubgraph, prescriptionErasure);
