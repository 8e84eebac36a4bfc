import { createStoreAdapter, type DatabasePool } from '@caregraph/database';
import type { SealingDependencies } from '@caregraph/encryption';
import { PrismaClient } from '../../subgraphs/patient/generated/prisma/client.ts';
import { createSealedClient } from '../../subgraphs/patient/generated/sealed-fields.ts';

/** The patient store's client as its subgraph makes it, before it is sealed. */
export function openBareClient(pool: DatabasePool) {
  return new PrismaClient({ adapter: createStoreAdapter(pool) });
}

export function openPatientClient(
  bare: ReturnType<typeof openBareClient>,
  sealing: SealingDependencies,
) {
  return createSealedClient(bare, sealing);
}
