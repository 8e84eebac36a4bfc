import { randomBytes } from 'node:crypto';
import type { Clock, IdSource } from '@caregraph/clock';
import { keyObjectsOfOneWork, type KeyObjects } from '../cipher/aes-gcm.ts';
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
import { KeyServiceError } from '../key-service/key-service-error.ts';
import { SealError } from '../seal-error.ts';
import { createKeyCache, type Held, type KeyCache } from './key-cache.ts';
import type { KeyringLimits } from './keyring-limits.ts';
import type { OpenPartition, PartitionKeys } from './partition-keys.ts';

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

/** A key that was loaded, or why it does not open: a fault of those alone who need it. */
export type LoadedKey = HeldKey | SealError;

/**
 * Unwraps rows and puts them into the cache, by id. A key that this process still has keeps
 * the uses that were reserved for it; with one that was wiped they go, at most a block. Its age is that of its
 * partition key, so that what is opened in a grace does not make it longer, or of its row, where that
 * was read before.
 *
 * @param readAtMs an instant before the rows were read
 */
export async function unwrapRows(
  deps: DataKeysDependencies,
  { cache }: DataKeyCache,
  rows: readonly DataKeyRow[],
  readAtMs: number,
): Promise<Map<string, LoadedKey>> {
  const opened = await openMaterials(deps, rows);
  const loaded = new Map<string, LoadedKey>();
  rows.forEach((row, at) => {
    const material = opened[at];
    if (material === undefined) return;
    if (material instanceof SealError) loaded.set(row.id, material);
    else {
      const loadedAtMs = Math.min(material.loadedAtMs, readAtMs);
      loaded.set(row.id, derive(cache, row, { ...material, loadedAtMs }));
    }
  });
  releaseSoon(
    cache,
    [...loaded.values()].filter((one): one is HeldKey => !(one instanceof SealError)),
  );
  return loaded;
}

interface Material {
  readonly bytes: Uint8Array;
  readonly loadedAtMs: number;
}

function derive(
  cache: KeyCache<UsableKey>,
  row: DataKeyRow,
  { bytes, loadedAtMs }: Material,
): HeldKey {
  const dataKey = deriveDataKey(row.id, row.ownerId, bytes);
  bytes.fill(0);
  const uses = cache.get(row.id)?.key.uses ?? { left: 0 };
  return cache.add(row.id, { dataKey, uses }, loadedAtMs);
}

/** All partitions by one call; where one of them is refused, each by its own, so that only its keys are. */
async function openMaterials(
  deps: DataKeysDependencies,
  rows: readonly DataKeyRow[],
): Promise<(Material | SealError)[]> {
  const open = (some: readonly DataKeyRow[]) =>
    deps.partitions.withOpen(
      some.map((row) => row.partition),
      (keys) => {
        const objectOf = keyObjectsOfOneWork();
        return some.map((row) => unwrapOne(deps.store, { keys, objectOf }, row));
      },
    );
  try {
    return await open(rows);
  } catch (error) {
    if (!isRefusal(error)) throw error;
  }
  const each = rows.map(async (row) => {
    try {
      const [material] = await open([row]);
      return material ?? damaged(row);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      return damaged(row);
    }
  });
  return Promise.all(each);
}

/** Tells whether the key service does not open a key, and will not when it is asked again. */
export function isRefusal(error: unknown): boolean {
  return error instanceof KeyServiceError && error.code === 'KEY_UNWRAP_REFUSED';
}

function damaged({ id }: DataKeyRow): SealError {
  return new SealError('SEAL_KEY_DAMAGED', { model: 'data_key', rowId: id }, 'it does not open');
}

/** Whoever waits takes hold in the microtasks that follow; until then the load itself holds. */
function releaseSoon(cache: KeyCache<UsableKey>, held: readonly HeldKey[]): void {
  setImmediate(() => {
    for (const one of held) cache.release(one);
  });
}

interface UnwrapWith {
  readonly keys: ReadonlyMap<string, OpenPartition>;
  readonly objectOf: KeyObjects;
}

function unwrapOne(
  store: string,
  { keys, objectOf }: UnwrapWith,
  row: DataKeyRow,
): Material | SealError {
  const partition = keys.get(row.partition.id);
  const place = { store, keyId: row.id, ownerId: row.ownerId, partitionKeyId: row.partition.id };
  const bytes = partition && unwrapDataKey(partition.key, place, row.wrapped, objectOf);
  return bytes === undefined ? damaged(row) : { bytes, loadedAtMs: partition?.loadedAtMs ?? 0 };
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
  const held = made.flatMap(({ row, dataKey, loadedAtMs }) => {
    if (added.has(row.id)) {
      activeOf.set(row.ownerId, row.id);
      return [cache.add(row.id, { dataKey, uses: { left: limits.reservedUses } }, loadedAtMs)];
    }
    wipeDataKey(dataKey);
    return [];
  });
  releaseSoon(cache, held);
}

interface MadeKey {
  readonly row: NewDataKey;
  readonly dataKey: DataKey;
  readonly loadedAtMs: number;
}

/** Makes keys in the current partition of each institution, without storing them. */
export function newDataKeys(
  { store, partitions, ids }: Pick<DataKeysDependencies, 'store' | 'partitions' | 'ids'>,
  owners: readonly KeyOwner[],
): Promise<MadeKey[]> {
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

function makeOne(store: string, keyId: string, ownerId: string, partition: OpenPartition): MadeKey {
  const material = randomBytes(keyBytes);
  const place = { store, keyId, ownerId, partitionKeyId: partition.id };
  const wrapped = wrapDataKey(partition.key, place, material, nextNonce());
  const dataKey = deriveDataKey(keyId, ownerId, material);
  material.fill(0);
  const { loadedAtMs } = partition;
  return {
    row: { id: keyId, ownerId, partitionKeyId: partition.id, wrapped },
    dataKey,
    loadedAtMs,
  };
}
