import { nilUuid } from '@caregraph/clock';
import type { DataKey } from '../cipher/data-key.ts';
import { SealError } from '../seal-error.ts';
import {
  createDataKeyCache,
  type DataKeyCache,
  type DataKeysDependencies,
  type HeldKey,
  type KeyOwner,
  type LoadedKey,
} from './data-keys.ts';
import { createLoadById, createLoadByOwner, holdAged, isHeld } from './key-loading.ts';

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
  /**
   * Forgets keys that are past their time, or all.
   *
   * @param what `graced` while the key service or the key database is away: known keys serve longer
   */
  forget(what: 'aged' | 'graced' | 'all'): void;
}

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
      const asked = new Map([...keyIds].map((id) => [id, id]));
      const from = { cache, get: cache.get, load: loadById, nowMs: nowMs(), limits };
      const found = await holdAged(asked, from);
      try {
        return work((keyId) => usable(found.get(keyId))?.key.dataKey);
      } finally {
        for (const one of found.values()) if (isHeld(one)) cache.release(one);
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
    forget(what) {
      const keptMs = limits.maxAgeMs + (what === 'graced' ? limits.graceMs : 0);
      const before = what === 'all' ? Number.POSITIVE_INFINITY : nowMs() - keptMs;
      cache.removeOlder(before);
      partitions.removeOlder(before);
    },
  };
}

function keyOf(held: ReadonlyMap<string, HeldKey>, ownerId: string): DataKey {
  const one = held.get(ownerId);
  if (one === undefined) throw new Error('a key was asked for that was not counted');
  return one.key.dataKey;
}

/** A key that was damaged is a fault for whoever needs it, at the moment when it is needed. */
function usable(found: LoadedKey | undefined): HeldKey | undefined {
  if (found instanceof SealError) throw found;
  return found;
}

/** The active keys of owners, found, made, and held while they are used. */
function createOwnerHold(deps: DataKeysDependencies, { cache, activeOf }: DataKeyCache) {
  const { clock, limits } = deps;
  const load = createLoadByOwner(deps, { cache, activeOf });
  const get = ({ ownerId }: KeyOwner) => {
    const id = activeOf.get(ownerId);
    return id === undefined ? undefined : cache.get(id);
  };
  const hold = (owners: readonly KeyOwner[]) =>
    holdAged(new Map(owners.map((one) => [one.ownerId, one])), {
      ...{ cache, get, load, limits },
      nowMs: clock.now().getTime(),
    });
  const release = (found: ReadonlyMap<string, unknown>) => {
    for (const one of found.values()) if (isHeld(one)) cache.release(one);
  };
  return {
    async prepare(owners: readonly KeyOwner[]): Promise<ReadonlySet<string>> {
      const found = await hold(owners);
      release(found);
      return new Set([...found].flatMap(([id, one]) => (one === 'ERASED' ? [id] : [])));
    },
    async owners(ownerIds: Iterable<string>): Promise<Map<string, HeldKey>> {
      const owners = [...ownerIds].map((ownerId) => ({
        ownerId,
        // Rows without an institution of their own are sealed in a partition of nobody's.
        institutionId: nilUuid,
      }));
      const found = await hold(owners);
      const held = new Map<string, HeldKey>();
      for (const [ownerId, one] of found) if (isHeld(one)) held.set(ownerId, one);
      if (held.size === owners.length) return held;
      release(found);
      const refusals = [...found].map(([ownerId, one]) => refusalOf(ownerId, one));
      throw refusals.find((one) => one !== undefined) ?? new Error('an owner was not asked for');
    },
  };
}

function refusalOf(ownerId: string, found: unknown): SealError | undefined {
  if (found instanceof SealError) return found;
  if (found !== 'ERASED') return undefined;
  const place = { model: 'key_owner', rowId: ownerId };
  return new SealError('SEAL_OWNER_ERASED', place, 'this person was erased');
}

/**
 * Counts uses before they are made, and takes further ones from the key database where they are
 * short. They are taken off before anything is awaited: whoever counts meanwhile sees what is left.
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
  const wantedOf = (ownerId: string) => seals.get(ownerId) ?? 0;
  for (const [ownerId, { id, key }] of held) {
    key.uses.left -= wantedOf(ownerId);
    if (key.uses.left < 0) short.set(id, Math.max(wantedOf(ownerId), limits.reservedUses));
  }
  if (short.size === 0) return true;
  const giveBack = () => {
    for (const [ownerId, { key }] of held) key.uses.left += wantedOf(ownerId);
  };
  const taken = await keyStore.reserveUses(short, limits.maxUses).catch((error: unknown) => {
    giveBack();
    throw error;
  });
  for (const { id, key } of held.values()) {
    if (taken.has(id)) key.uses.left += short.get(id) ?? 0;
    else if (short.has(id)) cache.remove(id);
  }
  if (taken.size === short.size) return true;
  giveBack();
  return false;
}
