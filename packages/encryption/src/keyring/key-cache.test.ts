import { expect, test } from 'vitest';
import { createKeyCache } from './key-cache.ts';

const cacheOf = (maxKeys: number) => {
  const left: string[] = [];
  const cache = createKeyCache<Uint8Array>({
    maxKeys,
    wipe: (key) => key.fill(0),
    onRemove: ({ id }) => left.push(id),
  });
  /** Adds a key that nobody holds any more. */
  const add = (id: string, atMs = 0) => {
    const held = cache.add(id, new Uint8Array(32).fill(7), atMs);
    cache.release(held);
    return held;
  };
  return { cache, left, add };
};
const isWiped = (key: Uint8Array) => key.every((byte) => byte === 0);

test('it never has more keys than it may, and the one used longest ago leaves wiped', () => {
  const { cache, left, add } = cacheOf(3);
  const [a, b] = [add('a'), add('b')];
  add('c');
  expect(cache.get('a')).toBe(a);
  add('d');
  expect([cache.size, left]).toEqual([3, ['b']]);
  expect([isWiped(b.key), isWiped(a.key)]).toEqual([true, false]);
  for (let at = 0; at < 100; at += 1) {
    add(`more ${at}`);
    expect(cache.size).toBe(3);
  }
});

test('a key that is held when it leaves is wiped when its last holder lets go', () => {
  const { cache, add } = cacheOf(1);
  const held = add('a');
  cache.hold(held);
  cache.hold(held);
  add('b');
  expect([cache.get('a'), held.gone, isWiped(held.key)]).toEqual([undefined, true, false]);
  cache.release(held);
  expect(isWiped(held.key)).toBe(false);
  cache.release(held);
  expect(isWiped(held.key)).toBe(true);
});

test('a key that has just been added is held for whoever added it', () => {
  const { cache } = cacheOf(1);
  const first = cache.add('a', new Uint8Array(32).fill(7), 0);
  const second = cache.add('b', new Uint8Array(32).fill(7), 0);
  expect([isWiped(first.key), isWiped(second.key)]).toEqual([false, false]);
  cache.release(first);
  expect([isWiped(first.key), isWiped(second.key)]).toEqual([true, false]);
});

test('a fresh copy takes the place of an old one, which is wiped', () => {
  const { cache, left, add } = cacheOf(3);
  const old = add('a', 1);
  const fresh = add('a', 2);
  expect([isWiped(old.key), isWiped(fresh.key), cache.size, left]).toEqual([true, false, 1, ['a']]);
  expect(cache.get('a')?.loadedAtMs).toBe(2);
});

test('what was loaded before an instant leaves, and so does everything', () => {
  const { cache, add } = cacheOf(10);
  const keys = [1, 2, 3].map((atMs) => add(`${atMs}`, atMs));
  cache.removeOlder(2);
  expect(keys.map(({ key }) => isWiped(key))).toEqual([true, false, false]);
  cache.remove('2');
  cache.remove('2');
  expect(keys.map(({ key }) => isWiped(key))).toEqual([true, true, false]);
  cache.clear();
  expect([cache.size, ...keys.map(({ key }) => isWiped(key))]).toEqual([0, true, true, true]);
});
