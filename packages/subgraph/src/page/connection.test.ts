import { expect, test } from 'vitest';
import { pageRequest, toConnection } from './connection.ts';

const key = (row: { id: string }) => [row.id];
const rows = (...ids: string[]) => ids.map((id) => ({ id }));

test('one row more than asked for tells that there is a next page', () => {
  const page = pageRequest('Query.x', { first: 2 });
  const connection = toConnection(rows('1', '2', '3'), page, key);
  expect(connection.edges.map((edge) => edge.node.id)).toEqual(['1', '2']);
  expect(connection.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: false });
});

test('a cursor leads back to its row, in its own list and filter only', () => {
  const page = pageRequest('Query.x', { first: 1 }, { areaId: 'a' });
  const after = toConnection(rows('1', '2'), page, key).pageInfo.endCursor;
  expect(pageRequest('Query.x', { first: 1, after }, { areaId: 'a' }).after).toEqual(['1']);
  for (const [list, filter] of [
    ['Query.x', { areaId: 'b' }],
    ['Query.y', { areaId: 'a' }],
  ] as const) {
    expect(() => pageRequest(list, { first: 1, after }, filter)).toThrow(
      expect.objectContaining({ code: 'CURSOR_INVALID' }),
    );
  }
});

test.each(['', '!!', 'e30', Buffer.from('[1]').toString('base64url'), 'x'.repeat(100_000)])(
  'a damaged cursor is refused',
  (after) => {
    expect(() => pageRequest('Query.x', { after })).toThrow(
      expect.objectContaining({ code: 'CURSOR_INVALID' }),
    );
  },
);

test.each([0, -1, 201, 1.5, Number.NaN])('a page of %s is refused', (first) => {
  expect(() => pageRequest('Query.x', { first })).toThrow(
    expect.objectContaining({ code: 'PAGE_SIZE_INVALID' }),
  );
});
