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

test.each([
  ['a uuid where a uuid is', ['uuid'], ['019a0000-0000-7000-8000-000000000000'], true],
  ['no uuid', ['uuid'], ['x'], false],
  ['a name and a uuid', ['text', 'uuid'], ["A'", '019a0000-0000-7000-8000-000000000000'], true],
  ['a name and no uuid', ['text', 'uuid'], ['A', 'x'], false],
  ['a NUL', ['text'], ['A\0'], false],
  ['half a character', ['text'], ['\ud800'], false],
  ['a member too many', ['text'], ['A', 'B'], false],
  ['a member too few', ['text', 'uuid'], ['A'], false],
] as const)('a forged key with %s: %s', (_what, shape, forged, fits) => {
  const made = toConnection([forged], pageRequest('Query.x', {}), (row) => row);
  const read = () => pageRequest('Query.x', { after: made.pageInfo.endCursor }, undefined, shape);
  if (fits) expect(read().after).toEqual(forged);
  else expect(read).toThrow(expect.objectContaining({ code: 'CURSOR_INVALID' }));
});
