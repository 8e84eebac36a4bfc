import { isTransientDatabaseFault } from '@caregraph/database';
import { KeyDatabaseError } from '../key-store/key-database-error.ts';
import { SealError } from '../seal-error.ts';
import {
  isRefusal,
  makeDataKeys,
  unwrapRows,
  type DataKeyCache,
  type DataKeysDependencies,
  type HeldKey,
  type KeyOwner,
  type LoadedKey,
  type UsableKey,
} from './data-keys.ts';
import type { KeyCache } from './key-cache.ts';
import { isAway } from './key-service-watch.ts';
import type { KeyringLimits } from './keyring-limits.ts';
import { createSingleFlight, type Holding } from './single-flight.ts';

const attempts = 3;

/** Loads data keys by their ids; whoever asks for one that is being loaded waits for that load. */
export function createLoadById(deps: DataKeysDependencies, known: DataKeyCache) {
  return createSingleFlight<string, LoadedKey>(
    (id) => id,
    async (ids) => {
      const readAtMs = deps.clock.now().getTime();
      const rows = await deps.keyStore.dataKeys(ids);
      // What the key database has no more must not be opened with from memory either.
      const left = new Set(rows.map((row) => row.id));
      for (const id of ids) if (!left.has(id)) known.cache.remove(id);
      return unwrapRows(deps, known, rows, readAtMs);
    },
    holdingIn(known.cache),
  );
}

/** Loads the active keys of owners, and makes them where there are none. */
export function createLoadByOwner(deps: DataKeysDependencies, known: DataKeyCache) {
  return createSingleFlight<KeyOwner, LoadedKey | 'ERASED'>(
    (owner) => owner.ownerId,
    (owners) => findOrMake(deps, known, owners),
    holdingIn(known.cache),
  );
}

async function findOrMake(
  deps: DataKeysDependencies,
  known: DataKeyCache,
  owners: readonly KeyOwner[],
): Promise<Map<string, LoadedKey | 'ERASED'>> {
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    const readAtMs = deps.clock.now().getTime();
    const rows = await deps.keyStore.owners(owners.map((owner) => owner.ownerId));
    const none = new Set(
      rows.filter((row) => !row.erased && !row.active).map((row) => row.ownerId),
    );
    if (none.size === 0) {
      const active = rows.flatMap((row) => (row.erased || !row.active ? [] : [row.active]));
      const loaded = await unwrapRows(deps, known, active, readAtMs);
      const found = new Map<string, LoadedKey | 'ERASED'>();
      for (const { id, ownerId } of active) {
        const one = loaded.get(id);
        if (one === undefined) continue;
        found.set(ownerId, one);
        if (!(one instanceof SealError)) known.activeOf.set(ownerId, id);
      }
      for (const row of rows) if (row.erased) found.set(row.ownerId, 'ERASED');
      return found;
    }
    const missing = owners.filter((owner) => none.has(owner.ownerId));
    await makeDataKeys(deps, known, missing).catch((error: unknown) => {
      // Somebody erased one of them, dropped the partition, or ended the version of the KEK that
      // wrapped what we knew of it, at this moment: look again.
      const isPast = isMissing(error) || isRefusal(error);
      if (!isPast || attempt === attempts) throw error;
      deps.partitions.forgetCurrent();
    });
  }
  throw new Error('a data key was neither found nor made');
}

/** A row that a new key needs is not there, or not any more. */
function isMissing(error: unknown): boolean {
  return error instanceof KeyDatabaseError && error.violated?.kind === 'foreign_key';
}

/**
 * Gives what is asked for, each held once for the caller: from the cache, or loaded where it is not
 * there or too old. While the key service or the key database is away, old keys serve for their
 * grace, if all that is asked for is there.
 *
 * Keys are held before anything is awaited: what is known now may have left the cache by then.
 */
export async function holdAged<TAsked, TFound>(
  asked: ReadonlyMap<string, TAsked>,
  from: {
    readonly cache: KeyCache<UsableKey>;
    readonly get: (one: TAsked) => HeldKey | undefined;
    readonly load: (asked: readonly TAsked[]) => Promise<Map<string, TFound | HeldKey>>;
    readonly nowMs: number;
    readonly limits: KeyringLimits;
  },
): Promise<Map<string, TFound | HeldKey>> {
  const { cache, get, load, nowMs, limits } = from;
  const found = new Map<string, TFound | HeldKey>();
  const old = new Map<string, HeldKey | undefined>();
  const missing: TAsked[] = [];
  for (const [name, one] of asked) {
    const held = get(one);
    if (held !== undefined) cache.hold(held);
    if (held !== undefined && nowMs - held.loadedAtMs <= limits.maxAgeMs) found.set(name, held);
    else {
      old.set(name, held);
      missing.push(one);
    }
  }
  if (missing.length === 0) return found;
  const letGo = (some: Iterable<HeldKey | undefined>) => {
    for (const held of some) if (held !== undefined) cache.release(held);
  };
  try {
    // They come held.
    for (const [name, one] of await load(missing)) found.set(name, one);
    letGo(old.values());
    return found;
  } catch (error) {
    const grace = limits.maxAgeMs + limits.graceMs;
    const serves = (held: HeldKey | undefined) =>
      held !== undefined && nowMs - held.loadedAtMs <= grace;
    const passes = isAway(error) || isTransientDatabaseFault(error);
    if (!passes || ![...old.values()].every(serves)) {
      letGo([...old.values(), ...[...found.values()].filter(isHeld)]);
      throw error;
    }
    for (const [name, held] of old) if (held !== undefined) found.set(name, held);
    return found;
  }
}

/** Holds what is a key; faults and words in its place need none. */
function holdingIn(cache: KeyCache<UsableKey>): Holding<unknown> {
  return {
    hold: (one) => {
      if (isHeld(one)) cache.hold(one);
    },
    release: (one) => {
      if (isHeld(one)) cache.release(one);
    },
  };
}

/** Tells a key from a fault or a word in its place. */
export function isHeld(one: unknown): one is HeldKey {
  return typeof one === 'object' && one !== null && 'holders' in one;
}
