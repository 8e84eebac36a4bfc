import { constraintViolation, isTransientDatabaseFault } from '@caregraph/database';
import {
  makeDataKeys,
  unwrapRows,
  type DataKeyCache,
  type DataKeysDependencies,
  type HeldKey,
  type KeyOwner,
} from './data-keys.ts';
import { isAway } from './key-service-watch.ts';
import type { KeyringLimits } from './keyring-limits.ts';
import { createSingleFlight } from './single-flight.ts';

const attempts = 3;

/** Loads data keys by their ids; whoever asks for one that is being loaded waits for that load. */
export function createLoadById(deps: DataKeysDependencies, known: DataKeyCache) {
  return createSingleFlight<string, HeldKey>(
    (id) => id,
    async (ids) => {
      const held = await unwrapRows(deps, known, await deps.keyStore.dataKeys(ids));
      return new Map(held.map((one) => [one.id, one]));
    },
  );
}

/** Loads the active keys of owners, and makes them where there are none. */
export function createLoadByOwner(deps: DataKeysDependencies, known: DataKeyCache) {
  return createSingleFlight<KeyOwner, HeldKey | 'ERASED'>(
    (owner) => owner.ownerId,
    (owners) => findOrMake(deps, known, owners),
  );
}

async function findOrMake(
  deps: DataKeysDependencies,
  known: DataKeyCache,
  owners: readonly KeyOwner[],
): Promise<Map<string, HeldKey | 'ERASED'>> {
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    const rows = await deps.keyStore.owners(owners.map((owner) => owner.ownerId));
    const none = new Set(
      rows.filter((row) => !row.erased && !row.active).map((row) => row.ownerId),
    );
    if (none.size === 0) {
      const active = rows.flatMap((row) => (row.erased || !row.active ? [] : [row.active]));
      const found = new Map<string, HeldKey | 'ERASED'>();
      for (const held of await unwrapRows(deps, known, active)) {
        known.activeOf.set(held.key.dataKey.ownerId, held.id);
        found.set(held.key.dataKey.ownerId, held);
      }
      for (const row of rows) if (row.erased) found.set(row.ownerId, 'ERASED');
      return found;
    }
    const missing = owners.filter((owner) => none.has(owner.ownerId));
    await makeDataKeys(deps, known, missing).catch((error: unknown) => {
      // Somebody erased one of them, or dropped the partition, at this moment: look again.
      if (constraintViolation(error)?.kind !== 'foreign_key') throw error;
      deps.partitions.forgetCurrent();
    });
  }
  throw new Error('a data key was neither found nor made');
}

/**
 * Loads what is not in the cache or too old. While the key service or the key database is away, old
 * keys serve for their grace, if all that is asked for is there.
 */
export async function loadAged<TAsked, TFound>(
  asked: readonly TAsked[],
  from: {
    readonly get: (one: TAsked) => HeldKey | undefined;
    readonly load: (asked: readonly TAsked[]) => Promise<Map<string, TFound>>;
    readonly nowMs: number;
    readonly limits: KeyringLimits;
  },
): Promise<Map<string, TFound>> {
  const { get, load, nowMs, limits } = from;
  const age = (held: HeldKey) => nowMs - held.loadedAtMs;
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
