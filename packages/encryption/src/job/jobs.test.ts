import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createIdSource, systemClock } from '@caregraph/clock';
import { noWaiting } from '../fixture/open-sealed-store.ts';
import { startSealedStore } from '../fixture/test-sealed-store.ts';
import type { KeyringLimits } from '../keyring/keyring-limits.ts';
import { createJobStore, type JobStore } from './job-store.ts';
import type { KeyJob } from './key-job.ts';
import { dropRetiredJob, rotateDataKeyJob } from './rotate-data-key.ts';
import { rotateIndexJob } from './rotate-index.ts';
import { retireKekJob, rotateKekJob } from './rotate-kek.ts';
import { rotatePartitionsJob } from './rotate-partitions.ts';
import { runJob } from './run-job.ts';
import { sealExistingJob } from './seal-existing.ts';
import {
  addPartitions,
  addPeople,
  expectFound,
  expectSealedByActive,
  expectWhole,
  nameOf,
  type TestPeople,
} from './test-people.ts';

let store: TestPeople;
let jobs: JobStore;
const ids = createIdSource(systemClock);
beforeAll(async () => {
  store = await startSealedStore();
  jobs = createJobStore(store.testKeys.keyPool);
}, 60_000);
afterAll(() => store.stop());
beforeEach(async () => {
  await store.pool.query('TRUNCATE "Person" CASCADE');
  await store.testKeys.keyPool.query('TRUNCATE key_job');
});

const run = (job: KeyJob) => runJob(job, { jobs, clock: systemClock, ids });
const keyRows = async <T extends object>(sql: string) =>
  (await store.testKeys.keyPool.query<T>(sql)).rows;

/** Reads and writes until a job is done, and fails when any of it does. */
function startWriting(personIds: readonly string[], limits: Partial<KeyringLimits> = noWaiting) {
  const { prisma } = store.reopen(store.open(limits));
  let busy = true;
  let writes = 0;
  const write = async (lane: number) => {
    for (let turn = 0; busy; turn += 1) {
      const n = (turn * 8 + lane) % personIds.length;
      const id = personIds[n] ?? '';
      await prisma.person.update({ where: { id }, data: { name: nameOf(n), phone: `9${turn}` } });
      expect((await prisma.person.findUnique({ where: { id } }))?.name).toBe(nameOf(n));
      writes += 1;
    }
  };
  const lanes = Promise.all(Array.from({ length: 8 }, (_, lane) => write(lane)));
  // It is awaited at the end; until then a failure must not end the test process.
  lanes.catch(() => undefined);
  /** Until so many more are written. */
  const more = (count: number) => {
    const until = writes + count;
    const reached = () =>
      expect.poll(() => writes, { timeout: 60_000 }).toBeGreaterThanOrEqual(until);
    return Promise.race([reached(), lanes]);
  };
  return {
    more,
    async stop(): Promise<number> {
      busy = false;
      await lanes;
      return writes;
    },
  };
}

/** Runs a job while others write: they begin before it, and end after it. */
async function beside<T>(
  personIds: readonly string[],
  work: (writing: ReturnType<typeof startWriting>) => Promise<T>,
  limits?: Partial<KeyringLimits>,
): Promise<T> {
  const writing = startWriting(personIds, limits);
  await writing.more(8);
  const done = await work(writing).finally(async () => {
    await writing.more(8);
    await writing.stop();
  });
  return done;
}

/** The job, with so many writes of others before each of its steps. */
function paced(job: KeyJob, pace: () => Promise<unknown>): KeyJob {
  return {
    ...job,
    async step(at) {
      await pace();
      return job.step(at);
    },
  };
}

describe('rotation of the KEK', () => {
  it('leaves no key on the old version and no row unreadable, beside a thousand writes', async () => {
    const people = await addPeople(store, 60);
    await addPartitions(store, 130);
    const before = await store.testKeys.keyService.currentVersion();
    const stores = [store.own.keys];
    let steps = 0;
    const outcome = await beside(people, ({ more }) => {
      const pace = () => ((steps += 1), more(250));
      return run(paced(rotateKekJob({ stores, watch: store.testKeys.watch }), pace));
    });
    expect(outcome).toBe('DONE');
    // One makes the version, at least two wrap, one finds nothing left: a thousand writes.
    expect(steps).toBeGreaterThanOrEqual(4);
    expect(await store.testKeys.keyService.currentVersion()).toBe(before + 1);
    const old = await keyRows(
      `SELECT id FROM patient.partition_key WHERE kek_version <= ${before}
       UNION ALL SELECT id FROM patient.index_key WHERE kek_version <= ${before}`,
    );
    expect(old).toEqual([]);
    await expectWhole(store, people);
  });

  it('leaves the old version to backups, until it is retired', async () => {
    await addPeople(store, 1);
    const stores = [store.own.keys];
    const { watch, keyService } = store.testKeys;
    const context = 'caregraph/patient/partition/test';
    const [kept] = await keyService.wrapMany([{ key: new Uint8Array(32).fill(1), context }]);
    const { kekVersion = 0, wrapped = new Uint8Array() } = kept ?? {};
    const request = { context, kekVersion, wrapped };
    expect(await run(rotateKekJob({ stores, watch }))).toBe('DONE');
    expect(await keyService.unwrapMany([request])).toHaveLength(1);
    expect(await run(rotateKekJob({ stores, watch }))).toBe('DONE');
    const version = await keyService.currentVersion();
    expect(version).toBe(kekVersion + 2);
    expect(await run(retireKekJob({ stores, watch }, version))).toBe('DONE');
    await expect(keyService.unwrapMany([request])).rejects.toThrow('KEY_UNWRAP_REFUSED');
  });
});

describe('rotation of partition keys', () => {
  it('moves every data key to the next generation and drops the old one', async () => {
    const people = await addPeople(store, 60);
    const count = async () =>
      (await keyRows<{ n: number }>('SELECT count(*)::int AS n FROM patient.partition_key'))[0]?.n;
    const before = await keyRows<{ id: string }>('SELECT id::text FROM patient.partition_key');
    const rotated = await count();
    await beside(people, () => run(rotatePartitionsJob(store.own.keys)));
    const left = await keyRows<{ id: string }>('SELECT id::text FROM patient.partition_key');
    expect(left).toHaveLength(rotated ?? 0);
    expect(left.filter(({ id }) => before.some((old) => old.id === id))).toEqual([]);
    await expectWhole(store, people);
  });
});

describe('rotation of a data key', () => {
  it('seals all that is of the person anew, and the old key goes when its time is over', async () => {
    const people = await addPeople(store, 20);
    const [ownerId = ''] = people;
    const ofOwner = `SELECT id::text, state FROM patient.data_key WHERE owner_id = '${ownerId}'`;
    const [before] = await keyRows<{ id: string }>(ofOwner);
    await beside(people, () => run(rotateDataKeyJob(store.own, store.own.keys, ownerId)));
    await expectSealedByActive(store, ownerId);
    const both = await keyRows<{ id: string; state: string }>(ofOwner);
    expect(both.find(({ id }) => id === before?.id)?.state).toBe('RETIRED');
    expect(await run(dropRetiredJob(store.own, store.own.keys, 60_000))).toBe('DONE');
    expect(await keyRows(ofOwner)).toHaveLength(2);
    expect(await run(dropRetiredJob(store.own, store.own.keys, 0))).toBe('DONE');
    expect(await keyRows(ofOwner)).toMatchObject([{ state: 'ACTIVE' }]);
    await expectWhole(store, people);
  });

  it('never drops a key that a process may still seal with, whatever is asked', async () => {
    const people = await addPeople(store, 2);
    const patient = store.open({ maxAgeMs: 60_000, graceMs: 0, marginMs: 0 });
    const job = rotateDataKeyJob(patient, patient.keys, people[0] ?? '');
    expect(await run(job)).toBe('WAITING');
    expect(await run(dropRetiredJob(patient, patient.keys, 0))).toBe('DONE');
    const retired = await keyRows(`SELECT 1 FROM patient.data_key WHERE state = 'RETIRED'`);
    expect(retired).toHaveLength(1);
    await run(rotateDataKeyJob(store.own, store.own.keys, people[0] ?? ''));
    await expectWhole(store, people);
  });

  it('has nothing to do for someone who has no key, as after an erasure', async () => {
    const job = rotateDataKeyJob(store.own, store.own.keys, randomUUID());
    expect(await run(job)).toBe('DONE');
  });
});

describe('rotation of a blind index', () => {
  it('gives every row another token, and finds everybody at every moment', async () => {
    const people = await addPeople(store, 150);
    const tokens = async () =>
      (await store.pool.query<{ t: string[] }>('SELECT "nameTokens" AS t FROM "Person"')).rows;
    const before = new Set((await tokens()).flatMap((row) => row.t));
    let looking = true;
    const looks = (async () => {
      while (looking) await expectFound(store, 149, people[149]);
    })();
    await run(rotateIndexJob(store.own, store.own.keys, 'Person.nameTokens'));
    looking = false;
    await looks;
    const after = (await tokens()).flatMap((row) => row.t);
    expect(after.filter((token) => before.has(token))).toEqual([]);
    expect(await keyRows("SELECT 1 FROM patient.index_key WHERE state <> 'WRITTEN'")).toEqual([]);
    await expectWhole(store, people);
  });

  it('refuses an index that nothing declares', () => {
    const rotate = (column: string) => rotateIndexJob(store.own, store.own.keys, column);
    expect(() => rotate('Person.name')).toThrow('BLIND_INDEX_UNKNOWN');
    expect(() => rotate('Nobody.x')).toThrow('BLIND_INDEX_UNKNOWN');
  });
});

describe('sealing of what was there before', () => {
  it('seals every plain value, beside writes, and refuses plain values from then on', async () => {
    const people = await addPeople(store, 250);
    await store.testKeys.keyPool.query('DELETE FROM patient.store_state');
    const plain = (text: string) => Buffer.concat([Buffer.of(0), Buffer.from(text)]);
    for (const [n, id] of people.entries()) {
      await store.pool.query(
        `UPDATE "Person" SET name = $2, phone = NULL, "nameTokens" = '{}' WHERE id = $1`,
        [id, plain(nameOf(n))],
      );
      await store.pool.query('UPDATE "Card" SET value = $2 WHERE "personId" = $1', [
        id,
        plain(`c${n}`),
      ]);
    }
    const own = store.open();
    await beside(people, () => run(sealExistingJob(own, own.keys)));
    const left = await store.pool.query('SELECT 1 FROM "Person" WHERE get_byte(name, 0) = 0');
    expect(left.rowCount).toBe(0);
    await expectWhole(store, people);
    await store.pool.query('UPDATE "Card" SET value = $1', [plain('planted')]);
    await own.keys.sealedState.refresh();
    const { prisma } = store.reopen(own);
    const card = await prisma.card.findFirst();
    expect(() => card?.value).toThrow('SEAL_NOT_SEALED');
  });
});

describe('beside processes that know keys for a while', () => {
  const limits = { maxAgeMs: 600, graceMs: 0, marginMs: 0 };
  /** Goes on with a job whenever it may, as if somebody asked all the time. */
  const runOut = (job: KeyJob) =>
    expect.poll(() => run(job), { timeout: 30_000, interval: 20 }).toBe('DONE');
  const openOwn = () => store.open({ ...limits, marginMs: 400 });

  it('no value keeps a data key that goes', async () => {
    const people = await addPeople(store, 16);
    const own = openOwn();
    const [ownerId = ''] = people;
    await beside(
      [ownerId],
      async ({ more }) => {
        await runOut(rotateDataKeyJob(own, own.keys, ownerId));
        // Whoever still knew the old key would seal with it now.
        await more(8);
        await expectSealedByActive(store, ownerId);
        const retired = `SELECT 1 FROM patient.data_key WHERE state = 'RETIRED'`;
        await expect
          .poll(
            async () => {
              await run(dropRetiredJob(own, own.keys, 0));
              return keyRows(retired);
            },
            { timeout: 30_000 },
          )
          .toEqual([]);
      },
      limits,
    );
    await expectWhole(store, people);
  });

  it('no data key stays under a partition key that goes, and no token of an index key', async () => {
    const people = await addPeople(store, 16);
    const own = openOwn();
    const tokens = async () =>
      (await store.pool.query<{ t: string[] }>('SELECT "nameTokens" AS t FROM "Person"')).rows;
    const before = new Set((await tokens()).flatMap((row) => row.t));
    await beside(
      people,
      async () => {
        await runOut(rotatePartitionsJob(own.keys));
        await runOut(rotateIndexJob(own, own.keys, 'Person.nameTokens'));
      },
      limits,
    );
    const after = (await tokens()).flatMap((row) => row.t);
    expect(after.filter((token) => before.has(token))).toEqual([]);
    await expectWhole(store, people);
  });
});

describe('jobs', () => {
  it('run once at a time, and tell how far they are', async () => {
    const people = await addPeople(store, 40);
    const seen: string[] = [];
    const job = rotatePartitionsJob(store.own.keys);
    const options = { jobs, clock: systemClock, ids };
    const outcomes = await Promise.all([
      runJob(job, { ...options, onProgress: ({ phase }) => seen.push(phase) }),
      runJob(rotatePartitionsJob(store.open().keys), options),
    ]);
    expect(outcomes.sort()).toEqual(['DONE', 'RUNS_ELSEWHERE']);
    expect(await keyRows('SELECT kind, state FROM key_job')).toEqual([
      { kind: 'rotate-partitions', state: 'DONE' },
    ]);
    await expectWhole(store, people);
  });
});
