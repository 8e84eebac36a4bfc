import type { RequestContext } from '@caregraph/subgraph';
import type { StoreClient } from './client.ts';
import { createBreakGlassStore } from './break-glass/index.ts';
import { createHouseholdStore } from './household/household.store.ts';
import { createIdentifierStore } from './identifier/identifier.store.ts';
import { createPatientSearchStore } from './patient-search/index.ts';
import { createPatientStore } from './patient/patient.store.ts';
import { createRelationshipStore } from './relationship/relationship.store.ts';

export type Stores = ReturnType<typeof createStores>;

/** The stores of one request: they see what the actor's scope lets them see, and note what left. */
export function createStores(
  db: StoreClient,
  request: Pick<RequestContext, 'scope' | 'actor' | 'audit'>,
) {
  return {
    patient: createPatientStore(db, request),
    patientSearch: createPatientSearchStore(db, request),
    identifier: createIdentifierStore(db, request),
    household: createHouseholdStore(db, request),
    relationship: createRelationshipStore(db, request),
    breakGlass: createBreakGlassStore(db, request),
  };
}
