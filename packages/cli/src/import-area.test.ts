import { expect, test } from 'vitest';
import { findDistrict, type ListAreas } from './import-area.ts';

type Tree = Readonly<Record<string, readonly string[]>>;

/** Lists a tree of names such as `STATE 1`, two areas a page. */
function listOf(tree: Tree): ListAreas {
  return async ({ parentId, after }) => {
    const below = tree[parentId ?? 'roots'] ?? [];
    const start = Number(after ?? 0);
    const areas = below.slice(start, start + 2).map((id) => ({ id, kind: id.split(' ')[0] ?? '' }));
    return { areas, next: start + 2 < below.length ? String(start + 2) : undefined };
  };
}

test.each<readonly [string, Tree]>([
  ['a root', { roots: ['DISTRICT'] }],
  ['below a state', { roots: ['COUNTRY'], COUNTRY: ['STATE'], STATE: ['DISTRICT'] }],
  ['right below a country', { roots: ['COUNTRY'], COUNTRY: ['DISTRICT'], DISTRICT: ['BLOCK'] }],
  [
    'on a later page of a later state',
    {
      roots: ['COUNTRY'],
      COUNTRY: ['STATE 1', 'STATE 2', 'STATE 3'],
      'STATE 3': ['BLOCK 1', 'BLOCK 2', 'DISTRICT'],
    },
  ],
])('the one district is found: %s', async (_where, tree) => {
  expect(await findDistrict(listOf(tree))).toBe('DISTRICT');
});

test('of several none is taken, and how many is said', async () => {
  const tree = {
    roots: ['COUNTRY'],
    COUNTRY: ['STATE 1', 'STATE 2'],
    'STATE 1': ['DISTRICT 1'],
    'STATE 2': ['DISTRICT 2', 'DISTRICT 3', 'DISTRICT 4'],
  };
  await expect(findDistrict(listOf(tree))).rejects.toThrow(/There are 4 districts: .*--area/);
});

test.each<readonly [string, Tree]>([
  ['nothing', {}],
  ['a country', { roots: ['COUNTRY'] }],
  ['a village', { roots: ['VILLAGE'] }],
])('where there is no district, another area is not taken for it: %s', async (_what, tree) => {
  await expect(findDistrict(listOf(tree))).rejects.toThrow('There is no district');
});

test('a tree without an end is given up', async () => {
  let count = 0;
  const endless: ListAreas = async () => {
    const id = `state ${(count += 1)}`;
    return { areas: [{ id, kind: 'STATE' }], next: undefined };
  };
  await expect(findDistrict(endless)).rejects.toThrow(/too many areas .*--area/);
  const oneFirst: ListAreas = async ({ parentId }) =>
    parentId === undefined
      ? {
          areas: [
            { id: 'found', kind: 'DISTRICT' },
            { id: 's', kind: 'STATE' },
          ],
          next: undefined,
        }
      : endless({ parentId, after: undefined });
  await expect(findDistrict(oneFirst)).rejects.toThrow(/too many areas .*--area/);
  expect(count).toBeLessThan(1_000);
});
