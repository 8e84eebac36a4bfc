import { randomBytes } from 'node:crypto';
import type { Clock, IdSource } from '@caregraph/clock';
import { isTransientDatabaseFault } from '@caregraph/database';
import { keyBytes } from '../cipher/data-key.ts';
import { createIndexKey, type IndexKey } from '../cipher/index-key.ts';
import type { IndexKeyRow, IndexKeyStore } from '../key-store/index-key-store.ts';
import { isAway, type KeyServiceWatch } from './key-service-watch.ts';
import type { KeyringLimits } from './keyring-limits.ts';
import { createSingleFlight } from './single-flight.ts';

/** The keys of one blind index: tokens are written with one, and searched with all. */
export interface OpenIndexKeys {
  readonly written: IndexKey;
  readonly searched: readonly IndexKey[];
}

/** The keys of blind indexes, by `Model.column`. A column that has none gets one. */
export interface IndexKeys {
  /**
   * The keys, for use at once: what is awaited first may find them wiped.
   *
   * @throws KeyServiceError; faults of the key database as they come
   */
  of(columns: readonly string[]): Promise<ReadonlyMap<string, OpenIndexKeys>>;
  /** Wipes keys that are past their time, or past their grace, or all: they are read anew at the next use. */
  forget(what: 'aged' | 'graced' | 'all'): void;
}

export interface IndexKeysDependencies {
  readonly store: string;
  readonly keyStore: IndexKeyStore;
  readonly watch: KeyServiceWatch;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly limits: Pick<KeyringLimits, 'maxAgeMs' | 'graceMs'>;
}

/** What an index key is bound to when the KEK wraps it. */
export function indexContext(store: string, column: string, id: string): string {
  return `caregraph/${store}/index/${column}/${id}`;
}

/** Keys may be forgotten while others are read. */
const attempts = 3;

interface Known {
  readonly keys: OpenIndexKeys;
  readonly loadedAtMs: number;
}

/**
 * Creates the index keys of one subgraph. There are a handful, so their number needs no bound; they
 * live as long as data keys, so that every process learns of a rotation in time.
 *
 * Whoever was given keys uses them in the microtasks that follow, and only then are they wiped.
 */
export function createIndexKeys(deps: IndexKeysDependencies): IndexKeys {
  const { clock, limits } = deps;
  const { known, leave, isGone } = createKnown();
  const ageOf = (one: Known) => clock.now().getTime() - one.loadedAtMs;
  const load = createSingleFlight<string, Known>(
    (column) => column,
    (columns) => loadKeys(deps, columns),
  );

  /** Reads what is not known, or too old; while services are away, old keys serve for their grace. */
  const refresh = async (columns: readonly string[]) => {
    const old = columns.filter((column) => {
      const one = known.get(column);
      return one === undefined || ageOf(one) > limits.maxAgeMs;
    });
    if (old.length === 0) return;
    try {
      for (const [column, one] of await load(old)) {
        // Whoever waited for the same load may have them already, or have forgotten them.
        if (known.get(column) === one || isGone(one)) continue;
        leave(column);
        known.set(column, one);
      }
    } catch (error) {
      const serves = (one: Known | undefined) =>
        one !== undefined && ageOf(one) <= limits.maxAgeMs + limits.graceMs;
      const passes = isAway(error) || isTransientDatabaseFault(error);
      if (!passes || !old.every((column) => serves(known.get(column)))) throw error;
    }
  };

  return {
    async of(columns) {
      const distinct = [...new Set(columns)];
      for (let attempt = 1; attempt <= attempts; attempt += 1) {
        await refresh(distinct);
        const found = distinct.flatMap((column) => {
          const one = known.get(column);
          return one === undefined ? [] : [[column, one.keys] as const];
        });
        if (found.length === distinct.length) return new Map(found);
      }
      throw new Error('index keys were forgotten all the time while they were read');
    },
    forget(what) {
      const keptMs = limits.maxAgeMs + (what === 'graced' ? limits.graceMs : 0);
      for (const [column, one] of [...known]) {
        if (what === 'all' || ageOf(one) > keptMs) leave(column);
      }
    },
  };
}

/** What is in memory. What leaves is gone at once, and wiped when nobody can be using it any more. */
function createKnown() {
  const known = new Map<string, Known>();
  const gone = new WeakSet<Known>();
  return {
    known,
    isGone: (one: Known) => gone.has(one),
    leave(column: string) {
      const one = known.get(column);
      if (one === undefined) return;
      known.delete(column);
      gone.add(one);
      setImmediate(() => {
        for (const key of one.keys.searched) key.wipe();
      });
    },
  };
}

async function loadKeys(
  deps: IndexKeysDependencies,
  columns: readonly string[],
): Promise<Map<string, Known>> {
  const { keyStore, store, watch, clock } = deps;
  // Before anything is read: while the key service is asked, a rotation may go on.
  const loadedAtMs = clock.now().getTime();
  let rows = await keyStore.indexKeys(columns);
  const missing = columns.filter((column) => !rows.some((row) => row.column === column));
  if (missing.length > 0) {
    await makeKeys(deps, missing);
    rows = await keyStore.indexKeys(columns);
  }
  const opened = await watch.call((service) =>
    service.unwrapMany(
      rows.map((row) => ({ ...row, context: indexContext(store, row.column, row.id) })),
    ),
  );
  const byColumn = new Map<string, Known>();
  for (const column of columns) {
    const own = rows.flatMap((row, at) => {
      const key = opened[at];
      return row.column === column && key !== undefined ? [{ row, key: createIndexKey(key) }] : [];
    });
    const written = own.find(({ row }) => row.state === 'WRITTEN')?.key;
    if (written === undefined) throw new Error(`the index key of ${column} is not there`);
    byColumn.set(column, {
      keys: { written, searched: own.map(({ key }) => key) },
      loadedAtMs,
    });
  }
  return byColumn;
}

/** Makes the first key of columns that have none; of two that make it at once, one is kept. */
async function makeKeys(deps: IndexKeysDependencies, columns: readonly string[]): Promise<void> {
  const rows = await wrapIndexKeys(deps, columns);
  for (const row of rows)
    await deps.keyStore.addIndexKey({ ...row, generation: 1, state: 'WRITTEN' });
}

/** Makes keys for columns and wraps them by one call. Nobody keeps the plain ones. */
export async function wrapIndexKeys(
  deps: Pick<IndexKeysDependencies, 'store' | 'watch' | 'ids' | 'clock'>,
  columns: readonly string[],
): Promise<Omit<IndexKeyRow & { createdAt: Date }, 'state' | 'generation'>[]> {
  const made = columns.map((column) => ({
    id: deps.ids.next(),
    column,
    key: new Uint8Array(randomBytes(keyBytes)),
  }));
  try {
    const { kind, wrapped } = await deps.watch.call(async (service) => ({
      kind: service.kind,
      wrapped: await service.wrapMany(
        made.map(({ id, column, key }) => ({ key, context: indexContext(deps.store, column, id) })),
      ),
    }));
    return made.map(({ id, column }, at) => {
      const one = wrapped[at];
      if (one === undefined) throw new Error('the key service wrapped too few keys');
      return { id, column, keyService: kind, createdAt: deps.clock.now(), ...one };
    });
  } finally {
    for (const { key } of made) key.fill(0);
  }
}
