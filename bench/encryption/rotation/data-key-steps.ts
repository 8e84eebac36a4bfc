import { randomBytes } from 'node:crypto';
import { createIdSource, type Clock } from '@caregraph/clock';
import type { StoreKeys } from '@caregraph/encryption';
import { createJobStore } from '../../../packages/encryption/src/job/job-store.ts';
import type { JobRow, KeyJob } from '../../../packages/encryption/src/job/key-job.ts';
import { rotatePartitionsJob } from '../../../packages/encryption/src/job/rotate-partitions.ts';
import { runJob } from '../../../packages/encryption/src/job/run-job.ts';
import { refreshedAfterMs } from '../../../packages/encryption/src/store-keys.ts';
import { timedTurn, type Steps } from '../../measure/turn.ts';
import { bareOpen, bareSeal } from '../bare-cipher.ts';
import { addDataKeys, addPartitionKeys, type OpenPartitionKey } from './key-rows.ts';

const keysPerPartition = 2_000;
const keysPerStatement = 1_000;
const associated = randomBytes(79);

/** A clock that can skip what a job waits for. */
export interface SkippingClock extends Clock {
  skip(ms: number): void;
}

/**
 * The job that wraps all data keys of a store anew, against bare AES-256-GCM of as many keys and one
 * SELECT and one UPDATE for each thousand of them, in a store of the same shape.
 */
export async function dataKeySteps(options: {
  readonly ours: StoreKeys;
  readonly peer: StoreKeys;
  readonly count: number;
  readonly clock: SkippingClock;
}): Promise<Steps> {
  const { ours, peer, count, clock } = options;
  const partitions = count / keysPerPartition;
  for (const partition of await addPartitionKeys(ours, partitions)) {
    await addDataKeys(ours, partition, keysPerPartition);
  }
  // The peer moves its keys to and fro between these and as many others.
  let [from, to] = [
    await addPartitionKeys(peer, partitions),
    await addPartitionKeys(peer, partitions),
  ];
  for (const partition of from) {
    await addDataKeys(peer, partition, keysPerPartition);
    await wrapBare(peer, partition);
  }
  const settled = async ({ keyPool, store }: StoreKeys) => {
    await keyPool.query(`VACUUM (ANALYZE) ${store}.data_key`);
    await keyPool.query('CHECKPOINT');
  };
  return {
    [`${count} data keys under ${partitions} partition keys`]: {
      async ours() {
        await settled(ours);
        return timedTurn(count, () => runToEnd(rotatePartitionsJob(ours), count, ours, clock));
      },
      async peer() {
        await settled(peer);
        const turn = await timedTurn(count, async () => {
          for (const [at, partition] of from.entries()) await moveBare(peer, partition, to[at]);
        });
        [from, to] = [to, from];
        return turn;
      },
    },
  };
}

/** Runs a job until it is done; what it waits for between its phases is skipped, not waited for. */
export async function runToEnd(
  job: KeyJob,
  count: number,
  keys: StoreKeys,
  clock: SkippingClock,
): Promise<void> {
  const seen = { done: 0 };
  const options = {
    ...{ jobs: createJobStore(keys.keyPool), clock, ids: createIdSource(clock) },
    onProgress: (row: JobRow) => void (seen.done = row.done),
  };
  for (;;) {
    const outcome = await runJob(job, options);
    if (outcome === 'DONE') break;
    if (outcome !== 'WAITING') throw new Error(`the job ended as ${outcome}`);
    clock.skip(refreshedAfterMs(keys.limits) + 1_000);
  }
  if (seen.done !== count) throw new Error(`the job moved ${seen.done} keys of ${count}`);
}

interface BareRow {
  readonly id: string;
  readonly wrapped: Buffer;
}

/** Puts what the peer opens in place of what the product wrapped: the same 61 bytes, another place. */
async function wrapBare(keys: StoreKeys, { id, key }: OpenPartitionKey): Promise<void> {
  const { rows } = await keys.keyPool.query<BareRow>(
    `SELECT id::text, wrapped FROM ${keys.store}.data_key WHERE partition_key_id = $1`,
    [id],
  );
  await update(
    keys,
    id,
    rows.map((row) => ({ id: row.id, wrapped: joined(key, randomBytes(32)) })),
  );
}

async function moveBare(
  keys: StoreKeys,
  from: OpenPartitionKey,
  to: OpenPartitionKey | undefined,
): Promise<void> {
  if (to === undefined) throw new Error('there are as many of both');
  for (;;) {
    const { rows } = await keys.keyPool.query<BareRow>(
      `SELECT id::text, wrapped FROM ${keys.store}.data_key
       WHERE partition_key_id = $1 ORDER BY id LIMIT ${keysPerStatement}`,
      [from.id],
    );
    if (rows.length === 0) return;
    const moved = rows.map(({ id, wrapped }) => ({
      id,
      wrapped: joined(to.key, opened(from.key, wrapped)),
    }));
    await update(keys, to.id, moved);
  }
}

async function update(keys: StoreKeys, to: string, moved: readonly BareRow[]): Promise<void> {
  await keys.keyPool.query(
    `UPDATE ${keys.store}.data_key d SET partition_key_id = $1, wrapped = moved.wrapped
     FROM unnest($2::uuid[], $3::bytea[]) AS moved (id, wrapped) WHERE d.id = moved.id`,
    [to, moved.map((row) => row.id), moved.map((row) => row.wrapped)],
  );
}

function joined(key: Uint8Array, material: Uint8Array): Buffer {
  const { nonce, body, tag } = bareSeal(key, associated, material);
  return Buffer.concat([Buffer.of(1), nonce, body, tag]);
}

function opened(key: Uint8Array, wrapped: Buffer): Uint8Array {
  const [nonce, body, tag] = [
    wrapped.subarray(1, 13),
    wrapped.subarray(13, 45),
    wrapped.subarray(45),
  ];
  return bareOpen(key, associated, { nonce, body, tag });
}
