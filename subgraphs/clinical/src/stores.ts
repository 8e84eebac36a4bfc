import type { RequestContext } from '@caregraph/subgraph';
import { createCheckupStore } from './checkup/index.ts';
import type { StoreClient } from './client.ts';
import { createDiseaseStore } from './disease/index.ts';
import { createImmunizationStore } from './immunization/index.ts';
import { createPatientStore } from './patient/index.ts';
import { createPregnancyStore } from './pregnancy/index.ts';
import { createReferralStore } from './referral/index.ts';
import { createTaskStore } from './task/index.ts';

export type Stores = ReturnType<typeof createStores>;

/** What a store is made of: the client, whose data it may show, and where it tells what it showed. */
export type StoreAccess = Pick<RequestContext, 'scope' | 'audit'> & { readonly db: StoreClient };

/** The stores of one request: they see what the actor's scope lets them see. */
export function createStores(db: StoreClient, { scope, audit }: RequestContext) {
  const access: StoreAccess = { db, scope, audit };
  const patient = createPatientStore(access);
  return {
    patient,
    checkup: createCheckupStore(access, patient),
    disease: createDiseaseStore(db),
    pregnancy: createPregnancyStore(access, patient),
    immunization: createImmunizationStore(access, patient),
    referral: createReferralStore(access, patient),
    task: createTaskStore(access, patient),
  };
}
