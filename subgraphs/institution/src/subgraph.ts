import { assembleSubgraph, type Subgraph, type SubgraphDependencies } from '@caregraph/subgraph';
import { sealedFields } from '../generated/sealed-fields.ts';
import { areaConcept } from './area/index.ts';
import { createStoreClient, type StoreTx } from './client.ts';
import type { InstitutionContext } from './context.ts';
import { deviceConcept } from './device/index.ts';
import { institutionConcept } from './institution/index.ts';
import { partnerConcept } from './partner/index.ts';
import { staffConcept } from './staff/index.ts';
import { createStores } from './stores.ts';

/** Institutions, the area tree, staff, devices and partner systems. */
export function createInstitutionSubgraph(deps: SubgraphDependencies): Subgraph {
  const { prisma } = createStoreClient(deps);
  return assembleSubgraph<InstitutionContext, StoreTx>(
    {
      name: 'institution',
      sealedFields,
      batchField: 'applyInstitutionOperations',
      concepts: [areaConcept, institutionConcept, staffConcept, deviceConcept, partnerConcept],
      store: prisma,
      extendContext: (base) => ({ ...base, stores: createStores(prisma, base.scope) }),
      clearLoaders: ({ stores }) => Object.values(stores).forEach((store) => store.clear()),
      constraintProblems: { area_not_own_ancestor_check: 'CYCLE_REFUSED' },
      eventHandlers: {},
    },
    deps,
  );
}
