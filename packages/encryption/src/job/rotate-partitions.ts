import { randomBytes } from 'node:crypto';
import { nilUuid } from '@caregraph/clock';
import { keyObjectsOfOneWork, type KeyObjects } from '../cipher/aes-gcm.ts';
import { keyBytes, unwrapDataKey, wrapDataKey } from '../cipher/data-key.ts';
import { createNonceSource } from '../cipher/nonce-source.ts';
import type { PartitionKeyRow } from '../key-store/key-store.ts';
import type { PartitionRow } from '../key-store/rotation-store.ts';
import { isRefusal } from '../keyring/data-keys.ts';
import { partitionContext, type OpenPartition } from '../keyring/partition-keys.ts';
import { refreshedAfterMs, type StoreKeys } from '../store-keys.ts';
import type { JobName, JobProgress, KeyJob } from './key-job.ts';
import { asideOf, idsOf, setAside, type SetAside } from './set-aside.ts';

const partitionsPerStep = 20;
const keysPerStep = 1_000;

/**
 * The job that replaces the partition keys of a subgraph: each gets a next generation, the data keys
 * under it are wrapped anew, and it is dropped when no process can still know it. Data keys and rows
 * stay as they are. A key that does not open stays where it is, and keeps its generation.
 */
export function rotatePartitionsJob(keys: StoreKeys): KeyJob {
  const { rotation, clock } = keys;
  const job = { kind: 'rotate-partitions', store: keys.store, subject: '' };
  return {
    ...job,
    begin: async () => ({
      phase: 'GENERATIONS',
      position: { startedAt: clock.now().toISOString() },
      done: 0,
      total: await rotation.countDataKeys(),
    }),
    async step(at) {
      if (at.phase === 'GENERATIONS') return nextGenerations(keys, at);
      const moved = await moveSome(keys, job, at);
      if (moved !== undefined) return moved;
      if (at.phase === 'MOVE') {
        // Processes that know the old generation may hang new data keys under it until then.
        const notBefore = new Date(clock.now().getTime() + refreshedAfterMs(keys.limits));
        const { aside: _aside, ...position } = at.position;
        return { ...at, phase: 'SWEEP', position, notBefore };
      }
      await rotation.dropEmptyGenerations(new Date(at.position['startedAt'] ?? ''));
      return { left: asideOf(at), next: 'DONE' };
    },
  };
}

async function nextGenerations(keys: StoreKeys, at: JobProgress): Promise<JobProgress> {
  const { rotation, clock, ids, watch, store } = keys;
  const before = new Date(at.position['startedAt'] ?? '');
  const after = at.position['after'] ?? nilUuid;
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

/** Moves the next data keys that lie under an older generation. @returns undefined without any */
async function moveSome(
  keys: StoreKeys,
  job: JobName,
  at: JobProgress,
): Promise<JobProgress | undefined> {
  const { rotation } = keys;
  const except = idsOf(asideOf(at));
  const old = await rotation.filledOldGeneration(except);
  if (old === undefined) return undefined;
  const row = await keys.keyStore.partitionKey(old.institutionId, old.month);
  if (row === undefined) throw new Error('a partition without its newest key');
  const dataKeys = await rotation.dataKeysUnder(old.id, keysPerStep, except);
  const wrapped = await keys.partitions
    .withOpen([old, row], (open) => {
      const wrapWith = { open, objectOf: keyObjectsOfOneWork(), from: old, to: row.id };
      return dataKeys.map((dataKey) => wrapAnew(keys.store, wrapWith, dataKey));
    })
    .catch((error: unknown) => {
      if (!isRefusal(error)) throw error;
      return undefined;
    });
  if (wrapped === undefined) return setAside(at, job, await refusedOf(keys, old, row));
  const moved = dataKeys.flatMap(({ id }, index) => {
    const one = wrapped[index];
    return one === undefined ? [] : [{ id, wrapped: one }];
  });
  await rotation.moveDataKeys(old.id, row.id, moved);
  const damaged = dataKeys
    .filter((_key, index) => wrapped[index] === undefined)
    .map(({ id }) => ({ place: `${keys.store}.data_key`, id, code: 'SEAL_KEY_DAMAGED' }));
  return { ...setAside(at, job, damaged), done: at.done + moved.length };
}

/** Nothing leaves the older one, whichever of the two does not open. */
async function refusedOf(
  { store, partitions }: StoreKeys,
  old: PartitionKeyRow,
  newest: PartitionKeyRow,
): Promise<SetAside[]> {
  const asideOfOne = ({ id }: PartitionKeyRow) => {
    return { place: `${store}.partition_key`, id, code: 'KEY_UNWRAP_REFUSED' };
  };
  try {
    await partitions.withOpen([old], () => undefined);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return [asideOfOne(old)];
  }
  return [asideOfOne(newest), asideOfOne(old)];
}

const nextNonce = createNonceSource();

interface WrapWith {
  readonly open: ReadonlyMap<string, OpenPartition>;
  readonly objectOf: KeyObjects;
  readonly from: PartitionRow;
  readonly to: string;
}

/** @returns undefined for a key that does not open */
function wrapAnew(
  store: string,
  { open, objectOf, from, to }: WrapWith,
  dataKey: { readonly id: string; readonly ownerId: string; readonly wrapped: Uint8Array },
): Uint8Array | undefined {
  const [old, next] = [open.get(from.id)?.key, open.get(to)?.key];
  if (old === undefined || next === undefined) throw new Error('a partition key was not opened');
  const place = { store, keyId: dataKey.id, ownerId: dataKey.ownerId };
  const placed = { ...place, partitionKeyId: from.id };
  const material = unwrapDataKey(old, placed, dataKey.wrapped, objectOf);
  if (material === undefined) return undefined;
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
