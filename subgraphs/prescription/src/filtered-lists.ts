import { createBatchLoader, type BatchLoader } from '@caregraph/subgraph';

/** Loads short lists that take a filter: parents that ask alike share a statement. */
export function createFilteredLists<TRow, TFilter>(
  fetchLists: (
    parentIds: readonly string[],
    filter: TFilter,
  ) => Promise<ReadonlyMap<string, readonly TRow[]>>,
) {
  const byFilter = new Map<string, BatchLoader<readonly TRow[]>>();
  return {
    async load(parentId: string, filter: TFilter): Promise<readonly TRow[]> {
      const key = JSON.stringify(filter ?? null);
      const known = byFilter.get(key);
      const loader = known ?? createBatchLoader((ids) => fetchLists(ids, filter));
      byFilter.set(key, loader);
      return (await loader.load(parentId)) ?? [];
    },
    clear: () => byFilter.clear(),
  };
}
