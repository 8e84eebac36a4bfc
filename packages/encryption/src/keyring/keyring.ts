import type { DataKey } from '../cipher/data-key.ts';
import { SealError } from '../seal-error.ts';
import {
  createDataKeyCache,
  type DataKeyCache,
  type DataKeysDependencies,
  type HeldKey,
  type KeyOwner,
} from './data-keys.ts';
import { createLoadById, createLoadByOwner, loadAged } from './key-loading.ts';

/** The data keys of one subgraph, as its codec uses them. Nothing is awaited while keys are used. */
export interface Keyring {
  /**
   * Fetches or makes the keys of owners, so that a transaction that seals for them waits for no
   * key service. Call it before BEGIN.
   *
   * @returns the owners that were erased: nothing may be sealed for them
   * @throws KeyServiceError; faults of the key database as they come
   */
  prepare(owners: readonly KeyOwner[]): Promise<ReadonlySet<string>>;
  /** Opens with keys by id; `keyOf` gives undefined for a key that does not exist. */
  open<T>(
    keyIds: ReadonlySet<string>,
    work: (keyOf: (keyId: string) => DataKey | undefined) => T,
  ): Promise<T>;
  /**
   * Seals with the active keys of owners.
   *
   * @param seals how many values each owner's key will seal: they are counted
   * @throws SealError SEAL_OWNER_ERASED, SEAL_KEY_EXHAUSTED
   */
  seal<T>(
    seals: ReadonlyMap<string, number>,
    work: (keyOf: (ownerId: string) => DataKey) => T,
  ): Promise<T>;
  /** Reads the active key of an owner anew at its next use. */
  renew(ownerId: string): void;
  /** How many keys are in memory. */
  size(): number;
  /** Forgets keys that are past their time, or all. */
  forget(all?: 'all'): void;
}

/** Rows without an institution of their own are sealed in a partition of nobody's. */
const nobodysInstitution = '00000000-0000-0000-0000-000000000000';
const attempts = 3;

/** Creates the keyring of one subgraph over its key store. */
export function createKeyring(deps: DataKeysDependencies): Keyring {
  const { clock, limits, partitions } = deps;
  const known = createDataKeyCache(limits);
  const { cache, activeOf } = known;
  const loadById = createLoadById(deps, known);
  const hold = createOwnerHold(deps, known);
  const nowMs = () => clock.now().getTime();

  return {
    prepare: hold.prepare,
    async open(keyIds, work) {
      const ids = [...keyIds];
      const from = { get: cache.get, load: loadById, nowMs: nowMs(), limits };
      const loaded = await loadAged(ids, from);
      const held = new Map<string, HeldKey>();
      for (const id of ids) {
        const one = loaded.get(id) ?? cache.get(id);
        if (one === undefined) continue;
        cache.hold(one);
        held.set(id, one);
      }
      try {
        return work((keyId) => held.get(keyId)?.key.dataKey);
      } finally {
        for (const one of held.values()) cache.release(one);
      }
    },
    async seal(seals, work) {
      for (let attempt = 1; attempt <= attempts; attempt += 1) {
        const held = await hold.owners(seals.keys());
        try {
          if (!(await reserveUses(deps, known, held, seals))) continue;
          return work((ownerId) => keyOf(held, ownerId));
        } finally {
          for (const one of held.values()) cache.release(one);
        }
      }
      const why = 'the data key has no uses left: rotate it';
      throw new SealError('SEAL_KEY_EXHAUSTED', { model: 'data_key' }, why);
    },
    size: () => cache.size,
    renew: (ownerId) => {
      activeOf.delete(ownerId);
    },
    forget(all) {
      const before = all === 'all' ? Number.POSITIVE_INFINITY : nowMs() - limits.maxAgeMs;
      cache.removeOlder(before - limits.graceMs);
      partitions.removeOlder(before - limits.graceMs);
    },
  };
}

function keyOf(held: ReadonlyMap<string, HeldKey>, ownerId: string): DataKey {
  const one = held.get(ownerId);
  if (one === undefined) throw new Error('a key was asked for that was not counted');
  return one.key.dataKey;
}

/** The active keys of owners, found, made, and held while they are used. */
function createOwnerHold(deps: DataKeysDependencies, { cache, activeOf }: DataKeyCache) {
  const { clock, limits } = deps;
  const load = createLoadByOwner(deps, { cache, activeOf });
  const activeKey = ({ ownerId }: Pick<KeyOwner, 'ownerId'>) => {
    const id = activeOf.get(ownerId);
    return id === undefined ? undefined : cache.get(id);
  };
  const loadOwners = (owners: readonly KeyOwner[]) => {
    const distinct = [...new Map(owners.map((one) => [one.ownerId, one])).values()];
    return loadAged(distinct, { get: activeKey, load, nowMs: clock.now().getTime(), limits });
  };
  return {
    async prepare(owners: readonly KeyOwner[]): Promise<ReadonlySet<string>> {
      const loaded = await loadOwners(owners);
      return new Set([...loaded].flatMap(([id, found]) => (found === 'ERASED' ? [id] : [])));
    },
    async owners(ownerIds: Iterable<string>): Promise<Map<string, HeldKey>> {
      const owners = [...ownerIds].map((ownerId) => ({
        ownerId,
        institutionId: nobodysInstitution,
      }));
      const loaded = await loadOwners(owners);
      const held = new Map<string, HeldKey>();
      for (const { ownerId } of owners) {
        const fresh = loaded.get(ownerId);
        const one = fresh === 'ERASED' ? undefined : (fresh ?? activeKey({ ownerId }));
        if (one === undefined) {
          for (const other of held.values()) cache.release(other);
          const place = { model: 'key_owner', rowId: ownerId };
          throw new SealError('SEAL_OWNER_ERASED', place, 'this person was erased');
        }
        cache.hold(one);
        held.set(ownerId, one);
      }
      return held;
    },
  };
}

/**
 * Counts uses before they are made, and takes further ones from the key database where they are
 * short.
 *
 * @returns false when a key was retired meanwhile: it is forgotten, look again
 */
async function reserveUses(
  { keyStore, limits }: DataKeysDependencies,
  { cache }: DataKeyCache,
  held: ReadonlyMap<string, HeldKey>,
  seals: ReadonlyMap<string, number>,
): Promise<boolean> {
  const short = new Map<string, number>();
  for (const [ownerId, { id, key }] of held) {
    const wanted = seals.get(ownerId) ?? 0;
    if (key.uses.left < wanted) short.set(id, Math.max(wanted, limits.reservedUses));
  }
  const taken =
    short.size === 0 ? new Set<string>() : await keyStore.reserveUses(short, limits.maxUses);
  for (const { id, key } of held.values()) {
    if (taken.has(id)) key.uses.left += short.get(id) ?? 0;
    else if (short.has(id)) cache.remove(id);
  }
  if (taken.size < short.size) return false;
  for (const [ownerId, { key }] of held) key.uses.left -= seals.get(ownerId) ?? 0;
  return true;
}
