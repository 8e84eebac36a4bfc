import { assembleSubgraph, type Subgraph, type SubgraphDependencies } from '@caregraph/subgraph';
import { sealedFields } from '../generated/sealed-fields.ts';
import { breakGlassConcept } from './break-glass/index.ts';
import { createStoreClient, type StoreTx } from './client.ts';
import type { GrantAccess, PatientContext } from './context.ts';
import { householdConcept } from './household/index.ts';
import { identifierConcept } from './identifier/index.ts';
import { patientSearchConcept } from './patient-search/index.ts';
import { patientConcept } from './patient/index.ts';
import { placeAreas } from './reach/index.ts';
import { relationshipConcept } from './relationship/index.ts';
import { createStores } from './stores.ts';

/** @throws Error without the key: a record that cannot be opened is found out too late */
function grantsOf({ breakGlass: { issuer, close } }: SubgraphDependencies): GrantAccess {
  if (issuer === undefined) throw new Error('the patient subgraph needs the key of break-glass');
  return { issuer, close };
}

/** Who is in care, where they live, and who they are to each other. */
export function createPatientSubgraph(deps: SubgraphDependencies): Subgraph {
  const db = createStoreClient(deps);
  const grants = grantsOf(deps);
  return assembleSubgraph<PatientContext, StoreTx>(
    {
      name: 'patient',
      sealedFields,
      batchField: 'applyPatientOperations',
      concepts: [
        patientConcept,
        patientSearchConcept,
        identifierConcept,
        householdConcept,
        relationshipConcept,
        breakGlassConcept,
      ],
      store: db.prisma,
      extendContext: (base) => ({ ...base, stores: createStores(db, base), grants }),
      clearLoaders: ({ stores }) =>
        Object.values(stores).forEach((store) => 'clear' in store && store.clear()),
      eventHandlers: { 'org.caregraph.area.placed.v1': placeAreas },
    },
    deps,
  );
}
