import { createStoreAdapter } from '@caregraph/database';
import type { SubgraphDependencies } from '@caregraph/subgraph';
import { PrismaClient, type Prisma } from '../generated/prisma/client.ts';
import {
  createSealedClient,
  type SealedClient,
  type StoreSealing,
} from '../generated/sealed-fields.ts';

/** An open transaction of the store; what it writes is sealed. */
export type StoreTx = Prisma.TransactionClient;

/** The store's client, and its sealing for searching. */
export interface StoreClient {
  readonly prisma: SealedClient;
  readonly sealing: StoreSealing;
}

export function createStoreClient({ pool, sealing }: SubgraphDependencies): StoreClient {
  const bare = new PrismaClient({ adapter: createStoreAdapter(pool) });
  return createSealedClient(bare, sealing);
}
