import { createPageLoader, type PageLoader, type PageRequest } from '@caregraph/subgraph';

/** Loads nested lists that take a filter: parents that ask alike share their statements. */
export function createFilteredPages<TRow, TFilter>(
  fetchPages: (
    parentIds: readonly string[],
    page: Pick<PageRequest, 'limit' | 'after'>,
    filter: TFilter,
  ) => Promise<ReadonlyMap<string, readonly TRow[]>>,
) {
  const byFilter = new Map<string, PageLoader<TRow>>();
  return {
    load(parentId: string, page: PageRequest, filter: TFilter): Promise<readonly TRow[]> {
      const key = JSON.stringify(filter ?? null);
      const known = byFilter.get(key);
      const loader = known ?? createPageLoader((ids, shape) => fetchPages(ids, shape, filter));
      byFilter.set(key, loader);
      return loader.load(parentId, page);
    },
    clear: () => byFilter.clear(),
  };
}
