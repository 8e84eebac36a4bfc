import { constraintViolation, isTransientDatabaseFault } from '@caregraph/database';
import type { DataKey } from '../cipher/data-key.ts';
import { SealError } from '../seal-error.ts';
import {
  createDataKeyCache,
  makeDataKeys,
  unwrapRows,
  type DataKeysDependencies,
  type HeldKey,
  type KeyOwner,
} from './data-keys.ts';
import { isAway } from './key-service-watch.ts';
import { createSingleFlight } from './single-flight.ts';

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
  /** Forgets keys that are past their time, or all. */
  forget(all?: 'all'): void;
}

/** Rows without an institution of their own are sealed in a partition of nobody's. */
const nobodysInstitution = '00000000-0000-0000-0000-000000000000';
const attempts = 3;

/** Creates the keyring of one subgraph over its key store. */
export function createKeyring(deps: DataKeysDependencies): Keyring {
  const { keyStore, clock, limits } = deps;
  const known = createDataKeyCache(limits);
  const { cache, activeOf } = known;
  const nowMs = () => clock.now().getTime();
  const age = (held: HeldKey) => nowMs() - held.loadedAtMs;

  const loadById = createSingleFlight<string, HeldKey>(
    (id) => id,
    async (ids) => {
      const held = await unwrapRows(deps, known, await keyStore.dataKeys(ids));
      return new Map(held.map((one) => [one.id, one]));
    },
  );

  const loadByOwner = createSingleFlight<KeyOwner, HeldKey | 'ERASED'>(
    (owner) => owner.ownerId,
    async (owners) => {
      for (let attempt = 1; ; attempt += 1) {
        const rows = await keyStore.owners(owners.map((owner) => owner.ownerId));
        const none = new Set(
          rows.filter((row) => !row.erased && !row.active).map((row) => row.ownerId),
        );
        if (none.size === 0) {
          const held = await unwrapRows(
            deps,
            known,
            rows.flatMap((row) => (row.erased || !row.active ? [] : [row.active])),
          );
          for (const { id, key } of held) activeOf.set(key.dataKey.ownerId, id);
          const found = new Map<string, HeldKey | 'ERASED'>();
          for (const one of held) found.set(one.key.dataKey.ownerId, one);
          for (const row of rows) if (row.erased) found.set(row.ownerId, 'ERASED');
          return found;
        }
        if (attempt > attempts) throw new Error('a data key was neither found nor made');
        const missing = owners.filter((owner) => none.has(owner.ownerId));
        await makeDataKeys(deps, known, missing).catch((error: unknown) => {
          // Somebody erased one of them at this moment: the next look shows whom.
          if (constraintViolation(error)?.kind !== 'foreign_key') throw error;
        });
      }
    },
  );

  function activeKey(ownerId: string): HeldKey | undefined {
    const id = activeOf.get(ownerId);
    return id === undefined ? undefined : cache.get(id);
  }

  /** Loads what is missing or old; while the key service is away, old keys serve for their grace. */
  async function refresh<TAsked, TFound>(
    asked: readonly TAsked[],
    get: (one: TAsked) => HeldKey | undefined,
    load: (asked: readonly TAsked[]) => Promise<Map<string, TFound>>,
  ): Promise<Map<string, TFound>> {
    const old = asked.filter((one) => {
      const held = get(one);
      return held === undefined || age(held) > limits.maxAgeMs;
    });
    if (old.length === 0) return new Map();
    try {
      return await load(old);
    } catch (error) {
      const grace = limits.maxAgeMs + limits.graceMs;
      const serves = (held: HeldKey | undefined) => held !== undefined && age(held) <= grace;
      const passes = isAway(error) || isTransientDatabaseFault(error);
      if (!passes || !old.every((one) => serves(get(one)))) throw error;
      return new Map();
    }
  }

  async function holdOwners(owners: readonly KeyOwner[]): Promise<Map<string, HeldKey>> {
    const byOwner = (one: KeyOwner) => activeKey(one.ownerId);
    const loaded = await refresh(owners, byOwner, loadByOwner);
    const held = new Map<string, HeldKey>();
    for (const { ownerId } of owners) {
      const fresh = loaded.get(ownerId);
      const one = fresh === 'ERASED' ? undefined : (fresh ?? activeKey(ownerId));
      if (one === undefined) {
        for (const other of held.values()) cache.release(other);
        const place = { model: 'key_owner', rowId: ownerId };
        throw new SealError('SEAL_OWNER_ERASED', place, 'this person was erased');
      }
      cache.hold(one);
      held.set(ownerId, one);
    }
    return held;
  }

  /** Takes what is short of uses; a key that was retired meanwhile is forgotten. */
  async function reserve(
    held: ReadonlyMap<string, HeldKey>,
    seals: ReadonlyMap<string, number>,
  ): Promise<'RESERVED' | 'RETIRED'> {
    const short = new Map<string, number>();
    for (const [ownerId, one] of held) {
      const wanted = seals.get(ownerId) ?? 0;
      if (one.key.uses.left < wanted) short.set(one.id, Math.max(wanted, limits.reservedUses));
    }
    if (short.size === 0) return 'RESERVED';
    const taken = await keyStore.reserveUses(short, limits.maxUses);
    for (const one of held.values()) {
      if (taken.has(one.id)) one.key.uses.left += short.get(one.id) ?? 0;
      else if (short.has(one.id)) cache.remove(one.id);
    }
    return taken.size === short.size ? 'RESERVED' : 'RETIRED';
  }

  return {
    async prepare(owners) {
      const distinct = [...new Map(owners.map((one) => [one.ownerId, one])).values()];
      const loaded = await refresh(distinct, (one) => activeKey(one.ownerId), loadByOwner);
      return new Set([...loaded].flatMap(([id, found]) => (found === 'ERASED' ? [id] : [])));
    },
    async open(keyIds, work) {
      const ids = [...keyIds];
      const loaded = await refresh(ids, cache.get, loadById);
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
      const owners = [...seals.keys()].map((ownerId) => ({
        ownerId,
        institutionId: nobodysInstitution,
      }));
      for (let attempt = 1; attempt <= attempts; attempt += 1) {
        const held = await holdOwners(owners);
        try {
          if ((await reserve(held, seals)) === 'RETIRED') continue;
          for (const [ownerId, one] of held) one.key.uses.left -= seals.get(ownerId) ?? 0;
          return work((ownerId) => {
            const one = held.get(ownerId);
            if (one === undefined) throw new Error('a key was asked for that was not counted');
            return one.key.dataKey;
          });
        } finally {
          for (const one of held.values()) cache.release(one);
        }
      }
      const why = 'the data key has no uses left: rotate it';
      throw new SealError('SEAL_KEY_EXHAUSTED', { model: 'data_key' }, why);
    },
    forget(all) {
      if (all === 'all') {
        cache.clear();
        deps.partitions.clear();
        return;
      }
      const oldest = nowMs() - limits.maxAgeMs - limits.graceMs;
      cache.removeOlder(oldest);
      deps.partitions.removeOlder(oldest);
    },
  };
}
