import { setImmediate as turn } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { keyringLimits, type KeyServiceWatch } from '../index.ts';
import type { IndexKeyStore } from '../key-store/index-key-store.ts';
import { createIndexKeys } from './index-keys.ts';
import { minute, startKeys } from './test-keyring.ts';

let bed: Awaited<ReturnType<typeof startKeys>>;
beforeAll(async () => {
  bed = await startKeys();
});
afterAll(() => bed.stop());
beforeEach(() => {
  bed.plugs.service = true;
  bed.clock.advance(minute);
});

const column = 'Patient.phoneIndex';

async function written(keys: ReturnType<typeof bed.open>) {
  const found = (await keys.indexKeys.of([column])).get(column)?.written;
  if (found === undefined) throw new Error('the column has no key');
  return found;
}

test('a key is wiped when its time is over, and read again', async () => {
  const keys = bed.open();
  const before = await written(keys);
  const bytes = Uint8Array.from(before.ofPartition(null));
  await keys.tend();
  expect(await written(keys)).toBe(before);
  bed.clock.advance(keyringLimits.maxAgeMs + 1);
  await keys.tend();
  await turn();
  expect(before.isWiped).toBe(true);
  expect((await written(keys)).ofPartition(null)).toEqual(bytes);
});

test('while the key service is away it has its grace', async () => {
  const keys = bed.open();
  const before = await written(keys);
  bed.plugs.service = false;
  bed.clock.advance(keyringLimits.maxAgeMs + minute);
  await keys.tend();
  await turn();
  expect(await written(keys)).toBe(before);
  bed.clock.advance(keyringLimits.graceMs);
  await keys.tend();
  await turn();
  expect(before.isWiped).toBe(true);
});

test('what replaces a key wipes it, after those who were given it have used it', async () => {
  const keys = bed.open();
  const before = await written(keys);
  bed.clock.advance(keyringLimits.maxAgeMs + 1);
  const [one, other] = await Promise.all([written(keys), written(keys)]);
  expect(one).toBe(other);
  expect(one.ofPartition('a district')).toHaveLength(32);
  await turn();
  expect([before.isWiped, one.isWiped]).toEqual([true, false]);
  keys.close();
  await turn();
  expect(one.isWiped).toBe(true);
});

test('a key that was forgotten while its reader waited for another one is not put back', async () => {
  const answers = new Map<string, () => void>();
  const rowOf = (one: string) => ({
    ...{ id: one, column: one, generation: 1, state: 'WRITTEN' as const },
    ...{ keyService: 'key-file', kekVersion: 1, wrapped: new Uint8Array(1) },
  });
  const keys = createIndexKeys({
    ...{ store: 'patient', clock: bed.clock, ids: { next: () => 'id' }, limits: keyringLimits },
    keyStore: {
      indexKeys: (columns) =>
        new Promise((resolve) => {
          answers.set(columns.join(), () => resolve(columns.map(rowOf)));
        }),
    } as IndexKeyStore,
    watch: { call: async () => [new Uint8Array(32).fill(7)] } as unknown as KeyServiceWatch,
  });
  const answer = async (columns: string) => {
    answers.get(columns)?.();
    await turn();
  };
  const first = keys.of(['a']);
  const both = keys.of(['a', 'b']);
  await turn();
  await answer('a');
  await first;
  keys.forget('all');
  await answer('b');
  await answer('a');
  await turn();
  expect((await both).get('a')?.written.isWiped).toBe(false);
  expect((await keys.of(['a'])).get('a')?.written.isWiped).toBe(false);
});

test('keys that are forgotten while others are read are read again', async () => {
  const keys = bed.open();
  await written(keys);
  const both = keys.indexKeys.of([column, 'Identifier.valueIndex']);
  keys.indexKeys.forget('all');
  expect([...(await both).keys()].toSorted()).toEqual(['Identifier.valueIndex', column]);
  for (const { written: key } of (await both).values()) expect(key.isWiped).toBe(false);
});
