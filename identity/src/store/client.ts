import { createStoreAdapter, type DatabasePool } from '@caregraph/database';
import { PrismaClient, type Prisma } from '../../generated/prisma/client.ts';

/** The client of identity's store. */
export type IdentityClient = PrismaClient;
/** An open transaction of it. */
export type IdentityTx = Prisma.TransactionClient;

/** The pool stays the caller's. */
export function createIdentityClient(pool: DatabasePool): IdentityClient {
  return new PrismaClient({ adapter: createStoreAdapter(pool) });
}
