import { createStoreAdapter } from '@caregraph/database';
import type { SubgraphDependencies } from '@caregraph/subgraph';
import { PrismaClient, type Prisma } from '../generated/prisma/client.ts';
import { createSealedClient, type SealedClient } from '../generated/sealed-fields.ts';

/** The client of the store, through which sealed fields show as plain values. */
export type StoreClient = SealedClient;
/** An open transaction of it. */
export type StoreTx = Prisma.TransactionClient;

export function createStoreClient({ pool, sealing }: SubgraphDependencies) {
  const bare = new PrismaClient({ adapter: createStoreAdapter(pool) });
  return createSealedClient(bare, sealing);
}
