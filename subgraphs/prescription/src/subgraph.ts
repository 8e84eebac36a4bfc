import {
  assembleSubgraph,
  territoryHandlers,
  type Subgraph,
  type SubgraphDependencies,
} from '@caregraph/subgraph';
import { sealedFields } from '../generated/sealed-fields.ts';
import { allergyConcept } from './allergy/index.ts';
import { createStoreClient, type StoreTx } from './client.ts';
import type { PrescriptionContext } from './context.ts';
import { dispensingConcept } from './dispensing/index.ts';
import { bringMedicinesUpToDate, medicineConcept } from './medicine/index.ts';
import { patientConcept } from './patient/index.ts';
import { prescriptionConcept } from './prescription/index.ts';
import { stockConcept } from './stock/index.ts';
import { createStores } from './stores.ts';

/** Medicines, allergies, prescriptions, what was handed out, and the stock it came from. */
export function createPrescriptionSubgraph(deps: SubgraphDependencies): Subgraph {
  const { prisma } = createStoreClient(deps);
  return assembleSubgraph<PrescriptionContext, StoreTx>(
    {
      name: 'prescription',
      sealedFields,
      batchField: 'applyPrescriptionOperations',
      concepts: [
        patientConcept,
        medicineConcept,
        allergyConcept,
        prescriptionConcept,
        dispensingConcept,
        stockConcept,
      ],
      store: prisma,
      extendContext: (base) => ({ ...base, stores: createStores(prisma, base) }),
      clearLoaders: ({ stores }) => Object.values(stores).forEach((store) => store.clear()),
      constraintProblems: { stock_batch_on_hand_check: 'STOCK_INSUFFICIENT' },
      eventHandlers: territoryHandlers,
      prepare: () => bringMedicinesUpToDate(prisma),
    },
    deps,
  );
}
