import { expect, test } from 'vitest';
import { createKeyCache, type Held } from './key-cache.ts';
import { createSingleFlight } from './single-flight.ts';

/** A cache of one key, whose loads end when they are told to. */
function startFlights() {
  const cache = createKeyCache<Uint8Array>({ maxKeys: 1, wipe: (key) => key.fill(0) });
  const ends = new Map<string, { resolve(): void; reject(error: Error): void }>();
  const load = createSingleFlight<string, Held<Uint8Array>>(
    (id) => id,
    async (ids) => {
      await new Promise<void>((resolve, reject) => ends.set(ids.join(), { resolve, reject }));
      const held = ids.map((id) => cache.add(id, new Uint8Array(32).fill(7), 0));
      setImmediate(() => {
        for (const one of held) cache.release(one);
      });
      return new Map(held.map((one) => [one.id, one]));
    },
    cache,
  );
  const end = (ids: string) => ends.get(ids);
  return { cache, load, end };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test('a key that came first is whole when the one that came last is there', async () => {
  const { cache, load, end } = startFlights();
  const first = load(['a']);
  const both = load(['a', 'b']);
  end('a')?.resolve();
  for (const held of (await first).values()) cache.release(held);
  await turn();
  // The cache holds one key: b drives a out while somebody still waits for both.
  end('b')?.resolve();
  const found = await both;
  await turn();
  expect([...found.values()].map(({ key }) => key[0])).toEqual([7, 7]);
  const [a] = found.values();
  for (const held of found.values()) cache.release(held);
  expect(a?.key[0]).toBe(0);
});

test('what was held is let go when another load fails', async () => {
  const { cache, load, end } = startFlights();
  const first = load(['a']);
  const both = load(['a', 'b']);
  end('a')?.resolve();
  const [a] = (await first).values();
  end('b')?.reject(new Error('away'));
  await expect(both).rejects.toThrow('away');
  await turn();
  expect(a?.holders).toBe(1);
  cache.remove('a');
  expect(a?.key[0]).toBe(7);
  if (a !== undefined) cache.release(a);
  expect(a?.key[0]).toBe(0);
});

test('a wiped key is never taken', () => {
  const cache = createKeyCache<Uint8Array>({ maxKeys: 1, wipe: (key) => key.fill(0) });
  const held = cache.add('a', new Uint8Array(32).fill(7), 0);
  cache.release(held);
  cache.remove('a');
  expect(() => {
    cache.hold(held);
  }).toThrow('after it was wiped');
});
