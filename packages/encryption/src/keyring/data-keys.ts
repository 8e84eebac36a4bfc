import { randomBytes } from 'node:crypto';
import type { Clock, IdSource } from '@caregraph/clock';
import {
  deriveDataKey,
  keyBytes,
  unwrapDataKey,
  wipeDataKey,
  wrapDataKey,
  type DataKey,
} from '../cipher/data-key.ts';
import { createNonceSource } from '../cipher/nonce-source.ts';
import type { DataKeyRow, KeyStore, NewDataKey } from '../key-store/key-store.ts';
import { SealError } from '../seal-error.ts';
import { createKeyCache, type Held, type KeyCache } from './key-cache.ts';
import type { KeyringLimits } from './keyring-limits.ts';
import type { PartitionKeys } from './partition-keys.ts';

/** A data key and how many values this process may still seal with it. */
export interface UsableKey {
  readonly dataKey: DataKey;
  /** One count for all copies of the key: a refresh must not make a use count twice. */
  readonly uses: { left: number };
}

export type HeldKey = Held<UsableKey>;

export interface DataKeysDependencies {
  readonly store: string;
  readonly keyStore: KeyStore;
  readonly partitions: PartitionKeys;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly limits: KeyringLimits;
}

/** Whose key is made, and in which institution's partition. */
export interface KeyOwner {
  readonly ownerId: string;
  readonly institutionId: string;
}

/** The cache of data keys: by their id, and the active one of an owner. */
export interface DataKeyCache {
  readonly cache: KeyCache<UsableKey>;
  /** Owner → id of the active key that is in the cache. */
  readonly activeOf: Map<string, string>;
}

export function createDataKeyCache(limits: KeyringLimits): DataKeyCache {
  const activeOf = new Map<string, string>();
  const cache = createKeyCache<UsableKey>({
    maxKeys: limits.maxDataKeys,
    wipe: ({ dataKey }) => {
      wipeDataKey(dataKey);
    },
    onRemove: ({ id, key: { dataKey } }) => {
      if (activeOf.get(dataKey.ownerId) === id) activeOf.delete(dataKey.ownerId);
    },
  });
  return { cache, activeOf };
}

/**
 * Unwraps rows and puts them into the cache. A key of which this process holds uses already keeps
 * them: what was reserved once must not be lost with every refresh.
 *
 * @throws SealError SEAL_KEY_DAMAGED naming the row's key
 */
export async function unwrapRows(
  { store, partitions, clock }: DataKeysDependencies,
  { cache }: DataKeyCache,
  rows: readonly DataKeyRow[],
): Promise<HeldKey[]> {
  const materials = await partitions.withOpen(
    rows.map((row) => row.partition),
    (keys) => rows.map((row) => unwrapOne(store, keys, row)),
  );
  const now = clock.now().getTime();
  const held = rows.map((row, at) => {
    const material = materials[at] ?? new Uint8Array();
    const dataKey = deriveDataKey(row.id, row.ownerId, material);
    material.fill(0);
    const uses = cache.get(row.id)?.key.uses ?? { left: 0 };
    return cache.add(row.id, { dataKey, uses }, now);
  });
  releaseSoon(cache, held);
  return held;
}

/** Whoever waits takes hold in the microtasks that follow; until then the load itself holds. */
function releaseSoon(cache: KeyCache<UsableKey>, held: readonly HeldKey[]): void {
  setImmediate(() => {
    for (const one of held) cache.release(one);
  });
}

function unwrapOne(
  store: string,
  keys: ReadonlyMap<string, Uint8Array>,
  { id, ownerId, wrapped, partition }: DataKeyRow,
): Uint8Array {
  const partitionKey = keys.get(partition.id);
  const place = { store, keyId: id, ownerId, partitionKeyId: partition.id };
  const material = partitionKey && unwrapDataKey(partitionKey, place, wrapped);
  if (material !== undefined) return material;
  throw new SealError('SEAL_KEY_DAMAGED', { model: 'data_key', rowId: id }, 'it does not open');
}

const nextNonce = createNonceSource();

/**
 * Makes data keys for owners that have none. An owner that was erased, or got a key from somebody
 * else meanwhile, gets none here: ask the store again.
 */
export async function makeDataKeys(
  deps: DataKeysDependencies,
  { cache, activeOf }: DataKeyCache,
  owners: readonly KeyOwner[],
): Promise<void> {
  const { keyStore, clock, limits } = deps;
  const made = await newDataKeys(deps, owners);
  const added = await keyStore.addDataKeys(
    made.map(({ row }) => row),
    limits.reservedUses,
    clock.now(),
  );
  const now = clock.now().getTime();
  const held = made.flatMap(({ row, dataKey }) => {
    if (added.has(row.id)) {
      activeOf.set(row.ownerId, row.id);
      return [cache.add(row.id, { dataKey, uses: { left: limits.reservedUses } }, now)];
    }
    wipeDataKey(dataKey);
    return [];
  });
  releaseSoon(cache, held);
}

/** Makes keys in the current partition of each institution, without storing them. */
export function newDataKeys(
  { store, partitions, ids }: Pick<DataKeysDependencies, 'store' | 'partitions' | 'ids'>,
  owners: readonly KeyOwner[],
): Promise<{ row: NewDataKey; dataKey: DataKey }[]> {
  return partitions.withCurrent(
    owners.map((owner) => owner.institutionId),
    (open) =>
      owners.map((owner) => {
        const partition = open.get(owner.institutionId);
        if (partition === undefined) throw new Error('a partition key was not opened');
        return makeOne(store, ids.next(), owner.ownerId, partition);
      }),
  );
}

function makeOne(
  store: string,
  keyId: string,
  ownerId: string,
  partition: { readonly id: string; readonly key: Uint8Array },
): { row: NewDataKey; dataKey: DataKey } {
  const material = randomBytes(keyBytes);
  const place = { store, keyId, ownerId, partitionKeyId: partition.id };
  const wrapped = wrapDataKey(partition.key, place, material, nextNonce());
  const dataKey = deriveDataKey(keyId, ownerId, material);
  material.fill(0);
  return { row: { id: keyId, ownerId, partitionKeyId: partition.id, wrapped }, dataKey };
}
