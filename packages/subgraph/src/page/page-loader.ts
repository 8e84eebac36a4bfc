import DataLoader from 'dataloader';
import type { PageRequest } from './connection.ts';

/** Loads a page of children for each of many parents, in one statement a page shape. */
export interface PageLoader<TRow> {
  load(parentId: string, page: PageRequest): Promise<readonly TRow[]>;
  clear(): void;
}

/**
 * Creates a loader of nested lists: parents that ask for the same page share a statement.
 *
 * @param fetchPages gets parents and one page shape; gives at most `limit` rows a parent, in order
 * @example createPageLoader((areaIds, page) => childrenOf(areaIds, page))
 */
export function createPageLoader<TRow>(
  fetchPages: (
    parentIds: readonly string[],
    page: Pick<PageRequest, 'limit' | 'after'>,
  ) => Promise<ReadonlyMap<string, readonly TRow[]>>,
): PageLoader<TRow> {
  const loaders = new Map<string, DataLoader<string, readonly TRow[]>>();
  return {
    load(parentId, page) {
      const shape = JSON.stringify([page.limit, page.after ?? null]);
      const loader = loaders.get(shape) ?? loaderOf(fetchPages, page);
      loaders.set(shape, loader);
      return loader.load(parentId);
    },
    clear: () => loaders.clear(),
  };
}

function loaderOf<TRow>(
  fetchPages: Parameters<typeof createPageLoader<TRow>>[0],
  page: PageRequest,
): DataLoader<string, readonly TRow[]> {
  return new DataLoader(async (parentIds) => {
    const pages = await fetchPages(parentIds, page);
    return parentIds.map((parentId) => pages.get(parentId) ?? []);
  });
}
