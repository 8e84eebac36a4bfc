import { expect, test } from 'vitest';
import { createIndexKey } from './index-key.ts';

test('what is derived is kept, and goes with the key', () => {
  const bytes = new Uint8Array(32).fill(5);
  const key = createIndexKey(bytes);
  const derived = key.ofPartition('a district');
  expect(key.ofPartition('a district')).toBe(derived);
  expect(key.ofPartition('another')).not.toEqual(derived);
  expect(key.ofPartition(null)).toBe(bytes);
  key.wipe();
  expect([...bytes, ...derived].every((byte) => byte === 0)).toBe(true);
  expect(key.isWiped).toBe(true);
  for (const partition of ['a district', null]) {
    expect(() => key.ofPartition(partition)).toThrow('after it was wiped');
  }
});

test('the number of partitions in memory is bounded', () => {
  const key = createIndexKey(new Uint8Array(32).fill(5));
  const first = key.ofPartition('0');
  const before = Buffer.from(first);
  for (let n = 1; n <= 2_000; n += 1) key.ofPartition(String(n));
  expect(first.every((byte) => byte === 0)).toBe(true);
  expect(key.ofPartition('0')).toEqual(before);
});
