import {
  assembleSubgraph,
  placeAreas,
  type Subgraph,
  type SubgraphDependencies,
} from '@caregraph/subgraph';
import { createStoreClient, type StoreTx } from './client.ts';
import type { PatientContext } from './context.ts';
import { householdConcept } from './household/index.ts';
import { identifierConcept } from './identifier/index.ts';
import { patientConcept } from './patient/index.ts';
import { relationshipConcept } from './relationship/index.ts';
import { createStores } from './stores.ts';

/** Who is in care, where they live, and who they are to each other. */
export function createPatientSubgraph(deps: SubgraphDependencies): Subgraph {
  const db = createStoreClient(deps);
  return assembleSubgraph<PatientContext, StoreTx>(
    {
      name: 'patient',
      batchField: 'applyPatientOperations',
      concepts: [patientConcept, identifierConcept, householdConcept, relationshipConcept],
      store: db.prisma,
      extendContext: (base) => ({ ...base, stores: createStores(db, base) }),
      clearLoaders: ({ stores }) => Object.values(stores).forEach((store) => store.clear()),
      eventHandlers: { 'org.caregraph.area.placed.v1': placeAreas },
    },
    deps,
  );
}
