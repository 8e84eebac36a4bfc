import type { RequestContext } from '@caregraph/subgraph';
import { createAllergyStore } from './allergy/index.ts';
import type { StoreClient } from './client.ts';
import { createDispensingStore } from './dispensing/index.ts';
import { createFormularyStore, createMedicineStore } from './medicine/index.ts';
import { createPatientStore } from './patient/index.ts';
import { createPrescriptionStore } from './prescription/index.ts';
import { createStockStore } from './stock/index.ts';

export type Stores = ReturnType<typeof createStores>;

/** The stores of one request: they see what the actor's scope lets them see, and audit it. */
export function createStores(db: StoreClient, request: RequestContext) {
  return {
    patient: createPatientStore(db, request),
    medicine: createMedicineStore(db),
    formulary: createFormularyStore(db),
    allergy: createAllergyStore(db, request),
    prescription: createPrescriptionStore(db, request),
    dispensing: createDispensingStore(db, request),
    stock: createStockStore(db, request),
  };
}
