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
  /** When the key service was asked for it: what is opened with it is no younger. */
  readonly loadedAtMs: number;
}

/** Opens partition keys: one call of the key service for all that are not known, if it can batch. */
export interface PartitionKeys {
  /** Keys of these rows, held for as long as `work` runs. */
  withOpen<T>(
    rows: readonly PartitionKeyRow[],
    work: (keys: ReadonlyMap<string, OpenPartition>) => T,
  ): Promise<T>;
  /** The key of an institution and the current month, made where there is none. */
  withCurrent<T>(
    institutionIds: readonly string[],
    work: (keys: ReadonlyMap<string, OpenPartition>) => T,
  ): Promise<T>;
  /** Looks up anew which partition key is the newest of its month. */
  forgetCurrent(): void;
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
  const cache: KeyCache<Uint8Array> = createKeyCache({
    maxKeys: deps.limits.maxPartitionKeys,
    wipe: (key) => key.fill(0),
  });
  const hold = createPartitionHold(deps, cache);
  const current = createCurrentPartitions(deps);

  async function withOpen<T>(
    rows: readonly PartitionKeyRow[],
    work: (keys: ReadonlyMap<string, OpenPartition>) => T,
  ): Promise<T> {
    const distinct = [...new Map(rows.map((row) => [row.id, row])).values()];
    const holding = await hold(distinct);
    try {
      return work(new Map(holding.map((one) => [one.id, one])));
    } finally {
      for (const one of holding) cache.release(one);
    }
  }

  return {
    withOpen,
    async withCurrent(institutionIds, work) {
      const distinct = [...new Set(institutionIds)];
      const rows = await Promise.all(distinct.map(current.find));
      return withOpen(rows, (keys) => {
        const open = new Map<string, OpenPartition>();
        distinct.forEach((institutionId, at) => {
          const partition = keys.get(rows[at]?.id ?? '');
          if (partition !== undefined) open.set(institutionId, partition);
        });
        return work(open);
      });
    },
    forgetCurrent: current.forget,
    removeOlder: (thanMs) => {
      cache.removeOlder(thanMs);
    },
  };
}

/** Holds the keys of rows: from the cache, else opened by one call of the key service. */
function createPartitionHold(deps: PartitionKeysDependencies, cache: KeyCache<Uint8Array>) {
  const { clock, limits } = deps;
  const load = createSingleFlight<PartitionKeyRow, Held<Uint8Array>>(
    (row) => row.id,
    (rows) => unwrap(deps, cache, rows),
    cache,
  );
  return async (rows: readonly PartitionKeyRow[]): Promise<Held<Uint8Array>[]> => {
    const now = clock.now().getTime();
    const known = rows.map((row) => cache.get(row.id));
    const old = rows.filter((_row, at) => !isUsable(known[at], now, limits.maxAgeMs));
    // Held before anything is awaited: what is known now may have left by then.
    for (const one of known) if (one !== undefined) cache.hold(one);
    const letGo = (some: Iterable<Held<Uint8Array> | undefined>) => {
      for (const one of some) if (one !== undefined) cache.release(one);
    };
    try {
      const fresh = old.length === 0 ? undefined : await load(old);
      letGo(known.filter((one) => one !== undefined && fresh?.has(one.id) === true));
      return complete(rows.map((row, at) => fresh?.get(row.id) ?? known[at]));
    } catch (error) {
      const grace = limits.maxAgeMs + limits.graceMs;
      if (isAway(error) && known.every((one) => isUsable(one, now, grace))) return complete(known);
      letGo(known);
      throw error;
    }
  };
}

function complete(found: readonly (Held<Uint8Array> | undefined)[]): Held<Uint8Array>[] {
  const all = found.filter((one) => one !== undefined);
  if (all.length < found.length) throw new Error('a partition key was not opened');
  return all;
}

interface Month {
  readonly institutionId: string;
  readonly month: string;
}

const nameOfMonth = ({ institutionId, month }: Month) => `${institutionId}/${month}`;

/** The newest partition key of an institution in this month, looked up again with the age of keys. */
function createCurrentPartitions(deps: PartitionKeysDependencies) {
  const { clock, limits, keyStore } = deps;
  const begin = () => {
    const known = new Map<string, { readonly row: PartitionKeyRow; readonly atMs: number }>();
    // Each alone: one institution's fault must not be that of the others.
    const load = createSingleFlight<Month, PartitionKeyRow>(nameOfMonth, async ([one]) => {
      if (one === undefined) return new Map();
      const atMs = clock.now().getTime();
      const found = await keyStore.partitionKey(one.institutionId, one.month);
      const row = found ?? (await make(deps, one));
      if (known.size >= limits.maxPartitionKeys) known.clear();
      known.set(nameOfMonth(one), { row, atMs });
      return new Map([[nameOfMonth(one), row]]);
    });
    return { known, load };
  };
  let current = begin();
  return {
    async find(institutionId: string): Promise<PartitionKeyRow> {
      const now = clock.now();
      const one = { institutionId, month: `${now.toISOString().slice(0, 7)}-01` };
      const name = nameOfMonth(one);
      const { known, load } = current;
      const last = known.get(name);
      if (last !== undefined && now.getTime() - last.atMs <= limits.maxAgeMs) return last.row;
      const row = (await load([one])).get(name);
      if (row === undefined) throw new Error('a partition key was neither found nor made');
      return row;
    },
    /** Also what is being looked up now: that began before. */
    forget: () => {
      current = begin();
    },
  };
}

function isUsable(one: Held<Uint8Array> | undefined, nowMs: number, maxAgeMs: number): boolean {
  return one !== undefined && nowMs - one.loadedAtMs <= maxAgeMs;
}

async function unwrap(
  { store, watch, clock }: PartitionKeysDependencies,
  cache: KeyCache<Uint8Array>,
  rows: readonly PartitionKeyRow[],
): Promise<Map<string, Held<Uint8Array>>> {
  // Before the call: while it lasts, a rotation may go on.
  const now = clock.now().getTime();
  const opened = await watch.call((service) =>
    service.unwrapMany(
      rows.map(({ id, kekVersion, wrapped }) => ({
        context: partitionContext(store, id),
        kekVersion,
        wrapped,
      })),
    ),
  );
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
  { institutionId, month }: Month,
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
