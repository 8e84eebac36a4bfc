import { Fault } from '@caregraph/fault';
import {
  checkKey,
  decodeCursor,
  encodeCursor,
  fingerprintOf,
  type KeyShape,
  type PageKey,
} from './page-cursor.ts';

/** A page that was asked for: what a store needs to fetch it by keyset. */
export interface PageRequest {
  /** One more row than the page shows: its presence tells that there is a next page. */
  readonly limit: number;
  readonly first: number;
  /** Sort key of the last row before the page; undefined for the first page. */
  readonly after: PageKey | undefined;
  /** Worked out when a cursor is made or read: most nested lists need none. */
  fingerprint(): string;
}

export interface Connection<TNode> {
  readonly edges: readonly { readonly cursor: string; readonly node: TNode }[];
  readonly pageInfo: {
    readonly hasNextPage: boolean;
    readonly hasPreviousPage: boolean;
    readonly startCursor: string | null;
    readonly endCursor: string | null;
  };
}

export const maxPageSize = 200;

/**
 * Checks the arguments of a list (Relay cursor connections, forward only).
 *
 * @param list the field's coordinate, e.g. `Query.patients`; part of the cursor's identity
 * @param filter the other arguments; a cursor made under other ones is refused
 * @param shape what the list's sort key is made of; a cursor with another key is refused. Without
 *   it the key is not checked, and the store must
 * @throws Fault PAGE_SIZE_INVALID, CURSOR_INVALID
 * @example pageRequest('Query.patients', { first: 50, after: null }, { areaId }, ['uuid'])
 */
export function pageRequest(
  list: string,
  args: { readonly first?: number | null; readonly after?: string | null },
  filter?: unknown,
  shape?: KeyShape,
): PageRequest {
  const first = args.first ?? 50;
  if (!Number.isInteger(first) || first < 1 || first > maxPageSize) {
    throw new Fault('PAGE_SIZE_INVALID');
  }
  let known: string | undefined;
  const fingerprint = () => (known ??= fingerprintOf(list, filter));
  const key = args.after == null ? undefined : decodeCursor(fingerprint(), args.after);
  const after = key && shape ? checkKey(key, shape) : key;
  return { limit: first + 1, first, after, fingerprint };
}

/**
 * Makes a connection of the rows that a store fetched for a page request.
 *
 * @param rows at most `limit` rows in list order
 * @param keyOf the sort key of a row, unique within the list
 */
export function toConnection<TRow>(
  rows: readonly TRow[],
  page: PageRequest,
  keyOf: (row: TRow) => PageKey,
): Connection<TRow> {
  const cursorOf = (row: TRow) => encodeCursor(page.fingerprint(), keyOf(row));
  const shown = rows.slice(0, page.first);
  const [firstRow, lastRow] = [shown[0], shown.at(-1)];
  // Getters: a cursor costs nothing unless it is asked for.
  return {
    edges: shown.map((node) => ({
      node,
      get cursor() {
        return cursorOf(node);
      },
    })),
    pageInfo: {
      hasNextPage: rows.length > page.first,
      hasPreviousPage: page.after !== undefined,
      get startCursor() {
        return firstRow === undefined ? null : cursorOf(firstRow);
      },
      get endCursor() {
        return lastRow === undefined ? null : cursorOf(lastRow);
      },
    },
  };
}
