import { randomBytes } from 'node:crypto';
import { createIdSource, systemClock } from '@caregraph/clock';
import type { StoreKeys } from '@caregraph/encryption';
import { wrapDataKey } from '../../../packages/encryption/src/cipher/data-key.ts';
import { partitionContext } from '../../../packages/encryption/src/keyring/partition-keys.ts';

const batchSize = 2_000;
const ids = createIdSource(systemClock);

/** A partition key that lies open, so that a bench can wrap by itself. */
export interface OpenPartitionKey {
  readonly id: string;
  readonly key: Uint8Array;
}

/** Adds partition keys to a store, each of an institution of its own. */
export async function addPartitionKeys(
  { keyStore, watch, store }: StoreKeys,
  count: number,
): Promise<OpenPartitionKey[]> {
  const made = Array.from({ length: count }, () => ({
    ...{ id: ids.next(), institutionId: ids.next() },
    key: new Uint8Array(randomBytes(32)),
  }));
  const { kind, wrapped } = await watch.call(async (service) => ({
    kind: service.kind,
    wrapped: await service.wrapMany(
      made.map(({ id, key }) => ({ key, context: partitionContext(store, id) })),
    ),
  }));
  for (const [at, { id, institutionId }] of made.entries()) {
    const one = wrapped[at];
    if (one === undefined) throw new Error('the key service wrapped too few keys');
    const row = { id, institutionId, month: '2026-01-01', keyService: kind, ...one };
    await keyStore.addPartitionKey(row, systemClock.now());
  }
  return made;
}

/** Adds data keys under a partition key, each of an owner of its own, by one statement for 2,000. */
export async function addDataKeys(
  { keyPool, store }: StoreKeys,
  partition: OpenPartitionKey,
  count: number,
): Promise<void> {
  for (let done = 0; done < count; done += batchSize) {
    const made = Array.from({ length: Math.min(batchSize, count - done) }, () => {
      const place = { store, keyId: ids.next(), ownerId: ids.next() };
      const [material, nonce] = [randomBytes(32), randomBytes(12)];
      const bound = { ...place, partitionKeyId: partition.id };
      const wrapped = wrapDataKey(partition.key, bound, material, nonce);
      return { ...place, wrapped: Buffer.from(wrapped) };
    });
    await keyPool.query(
      `WITH fresh AS (
         SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bytea[]) AS row (id, owner_id, wrapped)
       ), owner AS (INSERT INTO ${store}.key_owner (id) SELECT owner_id FROM fresh)
       INSERT INTO ${store}.data_key
         (id, owner_id, partition_key_id, wrapped, reserved_uses, created_at)
       SELECT id, owner_id, $4, wrapped, 0, now() FROM fresh`,
      [
        made.map((one) => one.keyId),
        made.map((one) => one.ownerId),
        made.map((one) => one.wrapped),
        partition.id,
      ],
    );
  }
}
