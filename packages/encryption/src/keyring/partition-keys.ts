import { randomBytes } from 'node:crypto';
import type { Clock, IdSource } from '@caregraph/clock';
import { keyBytes } from '../cipher/data-key.ts';
import type { KeyStore, PartitionKeyRow } from '../key-store/key-store.ts';
import { createKeyCache, type Held, type KeyCache } from './key-cache.ts';
import { isAway, type KeyServiceWatch } from './key-service-watch.ts';
import type { KeyringLimits } from './keyring-limits.ts';
import { createSingleFlight } from './single-flight.ts';

export interface OpenPartition {
  readonly id: string;
  readonly key: Uint8Array;
}

/** Opens partition keys: one call of the key service for all that are not known, if it can batch. */
export interface PartitionKeys {
  /** Keys of these rows, held for as long as `work` runs. */
  withOpen<T>(
    rows: readonly PartitionKeyRow[],
    work: (keys: ReadonlyMap<string, Uint8Array>) => T,
  ): Promise<T>;
  /** The key of an institution and the current month, made where there is none. */
  withCurrent<T>(
    institutionIds: readonly string[],
    work: (keys: ReadonlyMap<string, OpenPartition>) => T,
  ): Promise<T>;
  clear(): void;
  removeOlder(thanMs: number): void;
}

export interface PartitionKeysDependencies {
  readonly store: string;
  readonly keyStore: KeyStore;
  readonly watch: KeyServiceWatch;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly limits: KeyringLimits;
}

/** What a partition key is bound to when the KEK wraps it. */
export function partitionContext(store: string, id: string): string {
  return `caregraph/${store}/partition/${id}`;
}

export function createPartitionKeys(deps: PartitionKeysDependencies): PartitionKeys {
  const { limits, clock } = deps;
  const cache: KeyCache<Uint8Array> = createKeyCache({
    maxKeys: limits.maxPartitionKeys,
    wipe: (key) => key.fill(0),
  });
  const nowMs = () => clock.now().getTime();
  const load = createSingleFlight<PartitionKeyRow, Held<Uint8Array>>(
    (row) => row.id,
    (rows) => unwrap(deps, cache, rows),
  );
  /** `institution/month` → the row of its newest key, looked up again with the age of the keys. */
  const current = new Map<string, { readonly row: PartitionKeyRow; readonly atMs: number }>();

  async function held(rows: readonly PartitionKeyRow[]): Promise<Held<Uint8Array>[]> {
    const now = nowMs();
    const known = rows.map((row) => cache.get(row.id));
    const old = rows.filter((_row, at) => {
      const one = known[at];
      return one === undefined || now - one.loadedAtMs > limits.maxAgeMs;
    });
    // Held before anything is awaited: what is known now may have left by then.
    for (const one of known) if (one !== undefined) cache.hold(one);
    try {
      const fresh = old.length === 0 ? undefined : await load(old);
      return rows.map((row, at) => {
        const got = fresh?.get(row.id) ?? known[at];
        if (got === undefined) throw new Error('a partition key was neither opened nor refused');
        cache.hold(got);
        return got;
      });
    } catch (error) {
      if (!isAway(error) || known.some((one) => !isUsable(one, now, limits))) throw error;
      return known.flatMap((one) => {
        if (one !== undefined) cache.hold(one);
        return one === undefined ? [] : [one];
      });
    } finally {
      for (const one of known) if (one !== undefined) cache.release(one);
    }
  }

  async function withOpen<T>(
    rows: readonly PartitionKeyRow[],
    work: (keys: ReadonlyMap<string, Uint8Array>) => T,
  ): Promise<T> {
    const distinct = [...new Map(rows.map((row) => [row.id, row])).values()];
    const holding = await held(distinct);
    try {
      return work(new Map(holding.map((one) => [one.id, one.key])));
    } finally {
      for (const one of holding) cache.release(one);
    }
  }

  async function currentRow(institutionId: string): Promise<PartitionKeyRow> {
    const month = `${clock.now().toISOString().slice(0, 7)}-01`;
    const name = `${institutionId}/${month}`;
    const known = current.get(name);
    if (known !== undefined && nowMs() - known.atMs <= limits.maxAgeMs) return known.row;
    const row =
      (await deps.keyStore.partitionKey(institutionId, month)) ??
      (await make(deps, institutionId, month));
    if (current.size >= limits.maxPartitionKeys) current.clear();
    current.set(name, { row, atMs: nowMs() });
    return row;
  }

  return {
    withOpen,
    async withCurrent(institutionIds, work) {
      const distinct = [...new Set(institutionIds)];
      const rows = await Promise.all(distinct.map(currentRow));
      return withOpen(rows, (keys) => {
        const open = new Map<string, OpenPartition>();
        distinct.forEach((institutionId, at) => {
          const id = rows[at]?.id ?? '';
          const key = keys.get(id);
          if (key !== undefined) open.set(institutionId, { id, key });
        });
        return work(open);
      });
    },
    clear() {
      cache.clear();
      current.clear();
    },
    removeOlder: (thanMs) => {
      cache.removeOlder(thanMs);
    },
  };
}

function isUsable(
  one: Held<Uint8Array> | undefined,
  now: number,
  { maxAgeMs, graceMs }: KeyringLimits,
): boolean {
  return one !== undefined && now - one.loadedAtMs <= maxAgeMs + graceMs;
}

async function unwrap(
  { store, watch, clock }: PartitionKeysDependencies,
  cache: KeyCache<Uint8Array>,
  rows: readonly PartitionKeyRow[],
): Promise<Map<string, Held<Uint8Array>>> {
  const opened = await watch.call((service) =>
    service.unwrapMany(
      rows.map(({ id, kekVersion, wrapped }) => ({
        context: partitionContext(store, id),
        kekVersion,
        wrapped,
      })),
    ),
  );
  const now = clock.now().getTime();
  const found = new Map<string, Held<Uint8Array>>();
  rows.forEach((row, at) => {
    const key = opened[at];
    if (key !== undefined) found.set(row.id, cache.add(row.id, key, now));
  });
  // Whoever waits takes hold in the microtasks that follow; until then the load itself holds.
  setImmediate(() => {
    for (const one of found.values()) cache.release(one);
  });
  return found;
}

/** Makes the partition key of a month. Two that make it at once end with the one that was first. */
async function make(
  { store, keyStore, watch, clock, ids }: PartitionKeysDependencies,
  institutionId: string,
  month: string,
): Promise<PartitionKeyRow> {
  const id = ids.next();
  const key = randomBytes(keyBytes);
  try {
    const { kind, wrapped } = await watch.call(async (service) => ({
      kind: service.kind,
      wrapped: await service.wrapMany([{ key, context: partitionContext(store, id) }]),
    }));
    const [only] = wrapped;
    if (only === undefined) throw new Error('the key service wrapped nothing');
    const made = { id, institutionId, month, keyService: kind, ...only };
    await keyStore.addPartitionKey(made, clock.now());
  } finally {
    key.fill(0);
  }
  const row = await keyStore.partitionKey(institutionId, month);
  if (row === undefined) throw new Error('a partition key vanished while it was made');
  return row;
}
