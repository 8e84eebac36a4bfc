import type { Scope } from '@caregraph/access';
import { createAreaStore } from './area/index.ts';
import type { StoreClient } from './client.ts';
import { createDeviceStore } from './device/index.ts';
import { createInstitutionStore } from './institution/index.ts';
import { createPartnerStore } from './partner/index.ts';
import { createStaffStore } from './staff/index.ts';

export type Stores = ReturnType<typeof createStores>;

/** The stores of one request: they see what the actor's scope lets them see. */
export function createStores(db: StoreClient, scope: Scope) {
  return {
    area: createAreaStore(db),
    institution: createInstitutionStore(db),
    staff: createStaffStore(db, scope),
    device: createDeviceStore(db, scope),
    partner: createPartnerStore(db, scope),
  };
}
