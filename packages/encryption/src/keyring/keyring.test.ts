import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { constraintViolation, countStatements } from '@caregraph/database';
import { openAll } from '../field-codec.ts';
import { KeyDatabaseError, keyringLimits, type StoreKeys } from '../index.ts';
import { faultOf, minute, openFor, sealFor, secret, startKeys, valueOf } from './test-keyring.ts';

let bed: Awaited<ReturnType<typeof startKeys>>;
beforeAll(async () => {
  bed = await startKeys();
});
afterAll(() => bed.stop());
beforeEach(() => {
  bed.plugs.service = true;
  bed.plugs.database = true;
  bed.plugs.callMs = 0;
  // The watch rests after a failure, and each test begins with one that does not.
  bed.clock.advance(minute);
  bed.calls.length = 0;
});

const { maxAgeMs, graceMs } = keyringLimits;
const someone = () => randomUUID();
const usesOf = async (ownerId: string) => {
  const sql = 'SELECT reserved_uses::int AS n FROM patient.data_key WHERE owner_id = $1';
  const { rows } = await bed.keyPool.query<{ n: number }>(sql, [ownerId]);
  return rows.map(({ n }) => n);
};

/** People of several institutions, each with a key and a value. */
async function peopleOf(keys: StoreKeys, count: number, institutions: number) {
  const homes = Array.from({ length: institutions }, someone);
  const owners = Array.from({ length: count }, (_, at) => ({
    ownerId: someone(),
    institutionId: homes[at % institutions] ?? '',
  }));
  await keys.keyring.prepare(owners);
  const places = owners.map(({ ownerId }) => valueOf(ownerId));
  const sealed = await keys.codec.sealMany(
    places.map((place) => ({ ...place, plain: Buffer.from(secret) })),
  );
  return places.map((place, at) => ({ ...place, sealed: sealed[at] ?? new Uint8Array() }));
}

describe('calls of the key service', () => {
  test('a list of 100 people of 7 institutions is one call for 7 keys', async () => {
    const values = await peopleOf(bed.open(), 100, 7);
    const fresh = bed.open();
    bed.calls.length = 0;
    const opened = await openAll(fresh.codec, values);
    expect(opened.map((one) => Buffer.from(one).toString())).toEqual(values.map(() => secret));
    expect(bed.calls).toEqual(['unwrap 7']);
    await openAll(fresh.codec, values);
    expect(bed.calls).toEqual(['unwrap 7']);
  });

  test('many who miss one key at once make one call', async () => {
    const [value] = await peopleOf(bed.open(), 1, 1);
    const fresh = bed.open();
    bed.calls.length = 0;
    if (value === undefined) throw new Error('nobody');
    const opened = await Promise.all(
      Array.from({ length: 50 }, async () => openAll(fresh.codec, [value])),
    );
    expect(opened).toHaveLength(50);
    expect(bed.calls).toEqual(['unwrap 1']);
  });

  test('many new people of one institution at once make its partition key by one call', async () => {
    const keys = bed.open();
    const institutionId = someone();
    const owners = Array.from({ length: 50 }, () => ({ ownerId: someone(), institutionId }));
    const prepare = () => Promise.all(owners.map((one) => keys.keyring.prepare([one])));
    const { statements } = await countStatements(bed.keyPool, prepare);
    expect(bed.calls).toEqual(['wrap 1', 'unwrap 1']);
    const lookUps = statements.filter((sql) =>
      /^SELECT.*partition_key WHERE institution_id/s.test(sql),
    );
    // Once before it is made, and once after.
    expect(lookUps).toHaveLength(2);
  });

  test('a key is as old as the question for it, however long the answer takes', async () => {
    const owner = someone();
    const sealed = await sealFor(bed.open(), owner);
    const column = 'Patient.phoneIndex';
    const keys = bed.open();
    await bed.open().indexKeys.of([column]);
    bed.calls.length = 0;
    bed.plugs.callMs = 2 * minute;
    await keys.indexKeys.of([column]);
    expect(await openFor(keys, owner, sealed)).toBe(secret);
    expect(bed.calls).toEqual(['unwrap 1', 'unwrap 1']);
    // The key of the index was asked for two minutes before the other one.
    bed.clock.advance(maxAgeMs - 4 * minute);
    await keys.indexKeys.of([column]);
    bed.clock.advance(2 * minute);
    expect(await openFor(keys, owner, sealed)).toBe(secret);
    expect(bed.calls).toHaveLength(2);
    bed.clock.advance(1);
    expect(await openFor(keys, owner, sealed)).toBe(secret);
    await keys.indexKeys.of([column]);
    expect(bed.calls).toHaveLength(4);
  });

  test('a data key is as old as its row, also under a partition key that was opened after', async () => {
    const [value] = await peopleOf(bed.open(), 1, 1);
    if (value === undefined) throw new Error('nobody');
    const keys = bed.open();
    bed.plugs.callMs = 2 * minute;
    expect(await openAll(keys.codec, [value])).toHaveLength(1);
    bed.calls.length = 0;
    bed.clock.advance(maxAgeMs - 2 * minute + 1);
    expect(await openAll(keys.codec, [value])).toHaveLength(1);
    expect(bed.calls).toEqual(['unwrap 1']);
  });

  test('a key that is too old is fetched anew, and one that is not, is not', async () => {
    const keys = bed.open();
    const owner = someone();
    const sealed = await sealFor(keys, owner);
    bed.calls.length = 0;
    bed.clock.advance(maxAgeMs);
    expect(await openFor(keys, owner, sealed)).toBe(secret);
    expect(bed.calls).toEqual([]);
    bed.clock.advance(1);
    expect(await openFor(keys, owner, sealed)).toBe(secret);
    expect(bed.calls).toEqual(['unwrap 1']);
  });

  test('no more keys are kept than may be, and forgotten ones are fetched again', async () => {
    const values = await peopleOf(bed.open(), 60, 5);
    const keys = bed.open({ maxDataKeys: 10, maxPartitionKeys: 2 });
    for (let turn = 0; turn < 3; turn += 1) {
      expect(await openAll(keys.codec, values)).toHaveLength(60);
      expect(keys.keyring.size()).toBe(10);
      keys.close();
      expect(keys.keyring.size()).toBe(0);
    }
  });
});

describe('the key service is away', () => {
  test('what is known goes on through the grace, then nothing', async () => {
    const [keys, other] = [bed.open(), bed.open()];
    const owner = someone();
    const sealed = await sealFor(keys, owner);
    expect(await openFor(other, owner, sealed)).toBe(secret);
    bed.plugs.service = false;
    expect(bed.watch.state()).toBe('available');
    await bed.watch.probe();
    const awaySince = bed.clock.now().getTime();
    expect(bed.watch.state()).toBe('grace');
    bed.clock.advance(maxAgeMs + 1);
    expect(await openFor(keys, owner, sealed)).toBe(secret);
    expect(await openFor(keys, owner, await sealFor(keys, owner))).toBe(secret);
    // One that is not known has to be fetched, and a new one to be wrapped.
    expect(await faultOf(openFor(bed.open(), owner, sealed))).toBe('KEY_SERVICE_UNAVAILABLE');

    bed.clock.advance(awaySince + graceMs - bed.clock.now().getTime());
    expect(bed.watch.state()).toBe('grace');
    bed.clock.advance(1);
    expect(bed.watch.state()).toBe('unavailable');
    bed.clock.advance(maxAgeMs - 1);
    expect(await openFor(keys, owner, sealed)).toBe(secret);
    // A process that did not read meanwhile; for the other one see refused-keys.test.ts.
    bed.clock.advance(1);
    expect(await faultOf(openFor(other, owner, sealed))).toBe('KEY_SERVICE_UNAVAILABLE');
    expect(await faultOf(sealFor(other, owner))).toBe('KEY_SERVICE_UNAVAILABLE');

    bed.plugs.service = true;
    bed.clock.advance(1_000);
    await keys.tend();
    expect(bed.watch.state()).toBe('available');
    expect(await openFor(keys, owner, sealed)).toBe(secret);
  });

  test('who asks again within a second is answered without a call', async () => {
    bed.plugs.service = false;
    await bed.watch.probe();
    bed.calls.length = 0;
    const [one] = await Promise.allSettled([bed.watch.call((service) => service.currentVersion())]);
    expect(one.status).toBe('rejected');
    expect(bed.calls).toEqual([]);
    bed.clock.advance(1_000);
    await bed.watch.probe();
    expect(bed.calls).toEqual(['version 1']);
  });

  test('keys past their time are forgotten when somebody tends them', async () => {
    const keys = bed.open();
    const owner = someone();
    const sealed = await sealFor(keys, owner);
    bed.clock.advance(maxAgeMs);
    await keys.tend();
    expect(keys.keyring.size()).toBe(1);
    bed.clock.advance(1);
    await keys.tend();
    expect(keys.keyring.size()).toBe(0);
    // The partition key as well: nothing is left that would serve.
    bed.plugs.service = false;
    expect(await faultOf(openFor(keys, owner, sealed))).toBe('KEY_SERVICE_UNAVAILABLE');
  });

  test.each(['service', 'database'] as const)(
    'while the key %s is away they stay for the grace',
    async (plug) => {
      const keys = bed.open();
      const owner = someone();
      const sealed = await sealFor(keys, owner);
      bed.plugs[plug] = false;
      bed.clock.advance(maxAgeMs + 1);
      await keys.tend();
      expect(await openFor(keys, owner, sealed)).toBe(secret);
    },
  );

  test('keys past their grace are forgotten when somebody tends them', async () => {
    const keys = bed.open();
    await sealFor(keys, someone());
    bed.plugs.service = false;
    bed.clock.advance(maxAgeMs + graceMs);
    await keys.tend();
    expect(keys.keyring.size()).toBe(1);
    bed.clock.advance(1);
    await keys.tend();
    expect(keys.keyring.size()).toBe(0);
  });
});

test('the database of keys is away: the same grace, then its own fault', async () => {
  const keys = bed.open();
  const owner = someone();
  const sealed = await sealFor(keys, owner);
  bed.plugs.database = false;
  bed.clock.advance(maxAgeMs + graceMs);
  expect(await openFor(keys, owner, sealed)).toBe(secret);
  expect(await openFor(keys, owner, await sealFor(keys, owner))).toBe(secret);
  expect(await faultOf(sealFor(keys, someone()))).toBe('ECONNREFUSED');
  bed.clock.advance(1);
  expect(await faultOf(openFor(keys, owner, sealed))).toBe('ECONNREFUSED');
  bed.plugs.database = true;
  expect(await openFor(keys, owner, sealed)).toBe(secret);
});

test('a rule of the key database is not taken for one of the store', async () => {
  const { keyStore } = bed.open();
  const row = { id: someone(), ownerId: someone(), partitionKeyId: someone() };
  const adding = keyStore.addDataKeys(
    [{ ...row, wrapped: new Uint8Array(61) }],
    ...([1, bed.clock.now()] as const),
  );
  const error: unknown = await adding.catch((fault: unknown) => fault);
  expect(error).toBeInstanceOf(KeyDatabaseError);
  expect(error).toMatchObject({ violated: { kind: 'foreign_key' } });
  expect(constraintViolation(error)).toBeUndefined();
});

describe('two processes', () => {
  test('the second opens what the first has sealed, and seals with the same key', async () => {
    const [first, second] = [bed.open(), bed.open()];
    const owner = someone();
    const sealed = await sealFor(first, owner);
    expect(await openFor(second, owner, sealed)).toBe(secret);
    const again = await sealFor(second, owner);
    expect(Buffer.from(again.subarray(1, 17))).toEqual(Buffer.from(sealed.subarray(1, 17)));
    expect(await usesOf(owner)).toEqual([2 * keyringLimits.reservedUses]);
  });

  test('that make the keys of people at once end with one each', async () => {
    const owners = Array.from({ length: 20 }, someone);
    const processes = Array.from({ length: 4 }, () => bed.open());
    const sealed = await Promise.all(
      processes.map((keys) => Promise.all(owners.map((owner) => sealFor(keys, owner)))),
    );
    for (const [at, owner] of owners.entries()) {
      expect(await usesOf(owner)).toHaveLength(1);
      for (const values of sealed) {
        expect(await openFor(bed.open(), owner, values[at] ?? new Uint8Array())).toBe(secret);
      }
    }
  });
});

describe('uses are counted', () => {
  const limits = { reservedUses: 10, maxUses: 35 };

  test('by blocks that are taken before they are used', async () => {
    const keys = bed.open(limits);
    const owner = someone();
    for (let use = 1; use <= 10; use += 1) await sealFor(keys, owner);
    expect(await usesOf(owner)).toEqual([10]);
    await sealFor(keys, owner);
    expect(await usesOf(owner)).toEqual([20]);
  });

  test('and not again by a refresh', async () => {
    const keys = bed.open(limits);
    const owner = someone();
    await sealFor(keys, owner);
    for (let turn = 0; turn < 8; turn += 1) {
      bed.clock.advance(maxAgeMs + 1);
      await sealFor(keys, owner);
    }
    expect(await usesOf(owner)).toEqual([10]);
  });

  test('what many ask for at once is never more than was taken', async () => {
    const keys = bed.open({ ...limits, maxUses: 1_000 });
    const owner = someone();
    await Promise.all(Array.from({ length: 95 }, () => sealFor(keys, owner)));
    const [taken = 0] = await usesOf(owner);
    expect(taken).toBeGreaterThanOrEqual(95);
  });

  test('a worn key refuses, whoever asks', async () => {
    const keys = bed.open(limits);
    const owner = someone();
    for (let use = 1; use <= 30; use += 1) await sealFor(keys, owner);
    expect(await faultOf(sealFor(keys, owner))).toBe('SEAL_KEY_EXHAUSTED');
    expect(await faultOf(sealFor(bed.open(limits), owner))).toBe('SEAL_KEY_EXHAUSTED');
    expect(await usesOf(owner)).toEqual([30]);
  });
});
