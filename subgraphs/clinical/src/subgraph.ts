import { civilDateIn } from '@caregraph/guideline';
import {
  assembleSubgraph,
  territoryHandlers,
  type Subgraph,
  type SubgraphDependencies,
} from '@caregraph/subgraph';
import { sealedFields } from '../generated/sealed-fields.ts';
import { checkupConcept } from './checkup/index.ts';
import { createStoreClient, type StoreTx } from './client.ts';
import type { ClinicalContext } from './context.ts';
import { diseaseConcept, loadDiseases } from './disease/index.ts';
import { immunizationConcept } from './immunization/index.ts';
import { patientConcept } from './patient/index.ts';
import { pregnancyConcept } from './pregnancy/index.ts';
import { referralConcept } from './referral/index.ts';
import { replayConcept } from './replay/index.ts';
import { createStores } from './stores.ts';
import { taskConcept } from './task/index.ts';

/** The zone of the district until facilities carry their own here. */
const defaultTimeZone = 'Asia/Kolkata';

/** Checkups, diseases, pregnancies, immunizations, referrals and what is due. */
export function createClinicalSubgraph(
  deps: SubgraphDependencies & { readonly timeZone?: string },
): Subgraph {
  const { prisma } = createStoreClient(deps);
  const timeZone = deps.timeZone ?? defaultTimeZone;
  return assembleSubgraph<ClinicalContext, StoreTx>(
    {
      name: 'clinical',
      sealedFields,
      batchField: 'applyClinicalOperations',
      concepts: [
        patientConcept,
        diseaseConcept,
        checkupConcept,
        pregnancyConcept,
        immunizationConcept,
        referralConcept,
        taskConcept,
        replayConcept,
      ],
      store: prisma,
      extendContext: (base) => ({
        ...base,
        stores: createStores(prisma, base),
        timeZone,
        today: civilDateIn(base.clock.now(), timeZone),
      }),
      clearLoaders: ({ stores }) => Object.values(stores).forEach((store) => store.clear()),
      eventHandlers: territoryHandlers,
      prepare: () => loadDiseases(prisma),
    },
    deps,
  );
}
