import DataLoader from 'dataloader';

const maxBatchSize = 1_000;

/** Loads rows by id, each id once a request; what is not in the store is undefined. */
export interface BatchLoader<TValue> {
  load(id: string): Promise<TValue | undefined>;
  /** As load, with null for what is not there: what a resolver answers. */
  find(id: string): Promise<TValue | null>;
  /** Forgets what was loaded, after a write. */
  clear(): void;
}

/**
 * Creates a loader that turns the loads of one tick into one statement.
 *
 * @param fetchMany gets distinct ids; gives what it found, by id
 * @example const byId = createBatchLoader(async (ids) => new Map((await rows(ids)).map((r) => [r.id, r])));
 */
export function createBatchLoader<TValue>(
  fetchMany: (ids: readonly string[]) => Promise<ReadonlyMap<string, TValue>>,
): BatchLoader<TValue> {
  const loader = new DataLoader<string, TValue | undefined>(
    async (ids) => {
      const found = await fetchMany(ids);
      return ids.map((id) => found.get(id));
    },
    { maxBatchSize },
  );
  return {
    load: (id) => loader.load(id),
    find: async (id) => (await loader.load(id)) ?? null,
    clear: () => void loader.clearAll(),
  };
}

/** Groups rows by a key, for loaders of lists: every asked key gets a list, maybe an empty one. */
export function groupBy<TRow>(
  keys: readonly string[],
  rows: readonly TRow[],
  keyOf: (row: TRow) => string,
): Map<string, TRow[]> {
  const groups = new Map<string, TRow[]>(keys.map((key) => [key, []]));
  for (const row of rows) groups.get(keyOf(row))?.push(row);
  return groups;
}
