import { randomBytes } from 'node:crypto';
import { keyObjectsOfOneWork, type KeyObjects } from '../cipher/aes-gcm.ts';
import { keyBytes, unwrapDataKey, wrapDataKey } from '../cipher/data-key.ts';
import { createNonceSource } from '../cipher/nonce-source.ts';
import type { PartitionRow } from '../key-store/rotation-store.ts';
import { partitionContext, type OpenPartition } from '../keyring/partition-keys.ts';
import { SealError } from '../seal-error.ts';
import { refreshedAfterMs, type StoreKeys } from '../store-keys.ts';
import type { JobProgress, KeyJob } from './key-job.ts';

const partitionsPerStep = 20;
const keysPerStep = 1_000;

/**
 * The job that replaces the partition keys of a subgraph: each gets a next generation, the data keys
 * under it are wrapped anew, and it is dropped when no process can still know it. Data keys and rows
 * stay as they are.
 */
export function rotatePartitionsJob(keys: StoreKeys): KeyJob {
  const { rotation, clock } = keys;
  return {
    ...{ kind: 'rotate-partitions', store: keys.store, subject: '' },
    begin: async () => ({
      phase: 'GENERATIONS',
      position: { startedAt: clock.now().toISOString() },
      done: 0,
      total: await rotation.countDataKeys(),
    }),
    async step(at) {
      if (at.phase === 'GENERATIONS') return nextGenerations(keys, at);
      const moved = await moveSome(keys);
      if (moved > 0) return { ...at, done: at.done + moved };
      if (at.phase === 'MOVE') {
        // Processes that know the old generation may hang new data keys under it until then.
        const notBefore = new Date(clock.now().getTime() + refreshedAfterMs(keys.limits));
        return { ...at, phase: 'SWEEP', notBefore };
      }
      await rotation.dropEmptyGenerations(new Date(at.position['startedAt'] ?? ''));
      return 'DONE';
    },
  };
}

async function nextGenerations(keys: StoreKeys, at: JobProgress): Promise<JobProgress> {
  const { rotation, clock, ids, watch, store } = keys;
  const before = new Date(at.position['startedAt'] ?? '');
  const after = at.position['after'] ?? '00000000-0000-0000-0000-000000000000';
  const rows = await rotation.partitionsBefore(before, after, partitionsPerStep);
  if (rows.length === 0) return { ...at, phase: 'MOVE' };
  const made = rows.map((row) => ({
    row: { ...row, id: ids.next(), generation: row.generation + 1 },
    key: new Uint8Array(randomBytes(keyBytes)),
  }));
  try {
    const { kind, wrapped } = await watch.call(async (service) => ({
      kind: service.kind,
      wrapped: await service.wrapMany(
        made.map(({ row, key }) => ({ key, context: partitionContext(store, row.id) })),
      ),
    }));
    for (const [index, { row }] of made.entries()) {
      const one = wrapped[index];
      if (one === undefined) throw new Error('the key service wrapped too few keys');
      await rotation.addGeneration({ ...row, ...one, keyService: kind }, clock.now());
    }
  } finally {
    for (const { key } of made) key.fill(0);
  }
  return { ...at, position: { ...at.position, after: rows.at(-1)?.id ?? after } };
}

/** Moves the next data keys that lie under an older generation. @returns how many */
async function moveSome(keys: StoreKeys): Promise<number> {
  const [old] = await keys.rotation.filledOldGenerations(1);
  if (old === undefined) return 0;
  const row = await keys.keyStore.partitionKey(old.institutionId, old.month);
  if (row === undefined) throw new Error('a partition without its newest key');
  const dataKeys = await keys.rotation.dataKeysUnder(old.id, keysPerStep);
  const moved = await keys.partitions.withOpen([old, row], (open) => {
    const wrapWith = { open, objectOf: keyObjectsOfOneWork(), from: old, to: row.id };
    return dataKeys.map((dataKey) => ({
      id: dataKey.id,
      wrapped: wrapAnew(keys.store, wrapWith, dataKey),
    }));
  });
  await keys.rotation.moveDataKeys(old.id, row.id, moved);
  return dataKeys.length;
}

const nextNonce = createNonceSource();

interface WrapWith {
  readonly open: ReadonlyMap<string, OpenPartition>;
  readonly objectOf: KeyObjects;
  readonly from: PartitionRow;
  readonly to: string;
}

function wrapAnew(
  store: string,
  { open, objectOf, from, to }: WrapWith,
  dataKey: { readonly id: string; readonly ownerId: string; readonly wrapped: Uint8Array },
): Uint8Array {
  const [old, next] = [open.get(from.id)?.key, open.get(to)?.key];
  if (old === undefined || next === undefined) throw new Error('a partition key was not opened');
  const place = { store, keyId: dataKey.id, ownerId: dataKey.ownerId };
  const placed = { ...place, partitionKeyId: from.id };
  const material = unwrapDataKey(old, placed, dataKey.wrapped, objectOf);
  if (material === undefined) {
    const at = { model: 'data_key', rowId: dataKey.id };
    throw new SealError('SEAL_KEY_DAMAGED', at, 'it does not open');
  }
  const wrapped = wrapDataKey(
    next,
    { ...place, partitionKeyId: to },
    material,
    nextNonce(),
    objectOf,
  );
  material.fill(0);
  return wrapped;
}
