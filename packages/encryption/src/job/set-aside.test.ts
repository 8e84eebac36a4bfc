import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createIdSource, systemClock } from '@caregraph/clock';
import { startSealedStore } from '../fixture/test-sealed-store.ts';
import { createJobStore, type JobStore } from './job-store.ts';
import type { KeyJob } from './key-job.ts';
import { createKeyKeeper, describeJob } from './key-keeper.ts';
import { dropRetiredJob, rotateDataKeyJob } from './rotate-data-key.ts';
import { rotateIndexJob } from './rotate-index.ts';
import { retireKekJob, rotateKekJob } from './rotate-kek.ts';
import { rotatePartitionsJob } from './rotate-partitions.ts';
import { runJob } from './run-job.ts';
import { sealExistingJob } from './seal-existing.ts';
import { KeyJobError, setAside, type SetAside } from './set-aside.ts';
import { addPartitions, addPeople, expectWhole, nameOf, type TestPeople } from './test-people.ts';

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
  await store.testKeys.keyPool.query(
    'TRUNCATE key_job, patient.data_key, patient.partition_key, patient.index_key',
  );
  store.own.keys.close();
});

const run = (job: KeyJob) => runJob(job, { jobs, clock: systemClock, ids });
const sql = (text: string, ...values: unknown[]) => store.pool.query(text, values);
const keyRows = async <T extends object>(text: string, ...values: unknown[]) =>
  (await store.testKeys.keyPool.query<T>(text, values)).rows;

/** What a run says that it left as it was; the run must fail. */
async function leftBy(job: KeyJob): Promise<readonly SetAside[]> {
  const error: unknown = await run(job).catch((fault: unknown) => fault);
  expect(error).toBeInstanceOf(KeyJobError);
  const left = error instanceof KeyJobError ? error.left : [];
  for (const { place, id, code } of left)
    expect(String(error)).toContain(`${place} ${id} (${code})`);
  return left;
}

/** Changes a byte, and back again when it is done once more. */
const flip = (column: string) => `set_byte(${column}, 30, get_byte(${column}, 30) # 1)`;
const flipCard = (personId: string | undefined) =>
  sql(`UPDATE "Card" SET value = ${flip('value')} WHERE "personId" = $1`, personId);
const flipKey = (table: string, id: string | undefined) =>
  keyRows(`UPDATE patient.${table} SET wrapped = ${flip('wrapped')} WHERE id = $1`, id);
const cardOf = async (personId: string | undefined) => {
  const { rows } = await store.pool.query<{ id: string }>(
    'SELECT id::text FROM "Card" WHERE "personId" = $1',
    [personId],
  );
  return rows[0]?.id ?? '';
};

describe('rotation of a unique index', () => {
  const rotate = () => rotateIndexJob(store.own, store.own.keys, 'Card.valueIndex');
  const states = () =>
    keyRows(
      "SELECT state FROM patient.index_key WHERE field = 'Card.valueIndex' ORDER BY generation",
    );

  it('goes past a value that two rows have, and ends when it is mended', async () => {
    const people = await addPeople(store, 150);
    // As a process that writes with the next key gave the value of the last card to the first.
    let twin = '';
    const job = rotate();
    const planted: KeyJob = {
      ...job,
      async step(at) {
        const next = await job.step(at);
        if (at.phase !== 'SWITCH') return next;
        await store.prisma.card.create({
          data: {
            id: (twin = randomUUID()),
            personId: people[0] ?? '',
            type: 'MRN',
            value: 'c149',
          },
        });
        return next;
      },
    };
    const last = await cardOf(people[149]);
    const [left] = await leftBy(planted);
    expect(left).toMatchObject({ place: 'Card', code: 'NOT_UNIQUE' });
    expect([last, twin]).toContain(left?.id);
    expect(await states()).toEqual([{ state: 'OUTGOING' }, { state: 'WRITTEN' }]);
    // What was left is tried again, and nothing else.
    const [open] = await jobs.openJobs();
    expect(open?.position['only']).toBe(left?.id);
    expect(open && describeJob(open)).toContain(`Card ${left?.id} (NOT_UNIQUE)`);
    expect(await leftBy(job)).toEqual([left]);
    await sql('DELETE FROM "Card" WHERE id = $1', twin);
    expect(await run(job)).toBe('DONE');
    expect(await states()).toEqual([{ state: 'WRITTEN' }]);
    await expectWhole(store, people);
  });

  it('goes past rows that do not open, and keeps their key until they do', async () => {
    const people = await addPeople(store, 120);
    for (const n of [3, 110]) await flipCard(people[n]);
    const cards = await Promise.all([3, 110].map((n) => cardOf(people[n])));
    const tokens = async () =>
      (await store.pool.query<{ t: string }>('SELECT "valueIndex" AS t FROM "Card" ORDER BY id'))
        .rows;
    const before = new Set((await tokens()).map(({ t }) => t));
    const left = await leftBy(rotate());
    expect(left.map(({ id }) => id).sort()).toEqual(cards.sort());
    expect(new Set(left.map(({ code }) => code))).toEqual(new Set(['SEAL_OPEN_REFUSED']));
    expect((await tokens()).filter(({ t }) => before.has(t))).toHaveLength(2);
    expect(await states()).toEqual([{ state: 'OUTGOING' }, { state: 'WRITTEN' }]);
    for (const n of [3, 110]) await flipCard(people[n]);
    expect(await run(rotate())).toBe('DONE');
    expect((await tokens()).filter(({ t }) => before.has(t))).toEqual([]);
    await expectWhole(store, people);
  });
});

describe('sealing of what was there before', () => {
  const plain = (text: string) => Buffer.concat([Buffer.of(0), Buffer.from(text)]);
  const isMarked = async () => (await keyRows('SELECT 1 FROM patient.store_state')).length > 0;

  it('goes past a plain value of the wrong shape, and leaves the store open', async () => {
    const people = await addPeople(store, 120);
    await keyRows('DELETE FROM patient.store_state');
    for (const [n, id] of people.entries()) {
      await sql('UPDATE "Person" SET name = $2 WHERE id = $1', id, plain(nameOf(n)));
    }
    await sql('UPDATE "Person" SET address = $2 WHERE id = $1', people[5], plain('{not json'));
    const own = store.open();
    const job = () => sealExistingJob(own, own.keys);
    const named = [{ place: 'Person', id: people[5], code: 'SEAL_VALUE_INVALID' }];
    expect(await leftBy(job())).toEqual(named);
    const left = await sql('SELECT id::text FROM "Person" WHERE get_byte(name, 0) = 0');
    expect(left.rows).toEqual([{ id: people[5] }]);
    expect(await isMarked()).toBe(false);
    expect(await leftBy(job())).toEqual(named);
    await sql('UPDATE "Person" SET address = NULL WHERE id = $1', people[5]);
    expect(await run(job())).toBe('DONE');
    expect(await isMarked()).toBe(true);
    await expectWhole(store, people);
  });
});

describe('sealing for people without keys', () => {
  it('goes past those whose partition key does not open', async () => {
    const people = await addPeople(store, 120);
    const [ownerId = ''] = people;
    const there = randomUUID();
    const placed = { ownerId: randomUUID(), institutionId: there };
    await store.open().keys.keyring.prepare([placed]);
    const [partition] = await keyRows<{ id: string }>(
      'SELECT id::text FROM patient.partition_key WHERE institution_id = $1',
      there,
    );
    await flipKey('partition_key', partition?.id);
    await sql(`UPDATE "Person" SET name = '\\x0041', phone = NULL`);
    await sql('DELETE FROM "Card"');
    for (const table of ['store_state', 'data_key', 'key_owner']) {
      await keyRows(`DELETE FROM patient.${table}`);
    }
    const own = store.open();
    const elsewhere = async (ids: readonly string[]) =>
      (await own.ownersAmong(ids)).map((one) =>
        one.ownerId === ownerId ? { ownerId, institutionId: there } : one,
      );
    const job = () => sealExistingJob({ ...own, ownersAmong: elsewhere }, own.keys);
    expect(await leftBy(job())).toEqual([
      { place: 'Person', id: ownerId, code: 'KEY_UNWRAP_REFUSED' },
    ]);
    const left = await sql('SELECT id::text FROM "Person" WHERE get_byte(name, 0) = 0');
    expect(left.rows).toEqual([{ id: ownerId }]);
    await flipKey('partition_key', partition?.id);
    expect(await run(job())).toBe('DONE');
  });
});

describe('rotation of a data key', () => {
  it('goes past a row that does not open, and its key is not dropped', async () => {
    const people = await addPeople(store, 4);
    const [hurt = '', whole = ''] = people;
    await flipCard(hurt);
    const { keys } = store.own;
    const named = [{ place: 'Card', id: await cardOf(hurt), code: 'SEAL_OPEN_REFUSED' }];
    expect(await leftBy(rotateDataKeyJob(store.own, keys, hurt))).toEqual(named);
    expect(await run(rotateDataKeyJob(store.own, keys, whole))).toBe('DONE');
    expect(await leftBy(dropRetiredJob(store.own, keys, 0))).toEqual(named);
    const retired = () =>
      keyRows(`SELECT owner_id::text AS id FROM patient.data_key WHERE state = 'RETIRED'`);
    expect(await retired()).toEqual([{ id: hurt }]);
    await flipCard(hurt);
    expect(await run(dropRetiredJob(store.own, keys, 0))).toBe('DONE');
    expect(await retired()).toEqual([]);
    await expectWhole(store, people);
  });
});

async function partitionsOf(count: number): Promise<readonly string[]> {
  await addPartitions(store, count);
  const rows = await keyRows<{ id: string }>(
    'SELECT id::text FROM patient.partition_key ORDER BY id',
  );
  return rows.map(({ id }) => id);
}

describe('a damaged partition key', () => {
  const stores = () => [store.own.keys];
  const refused = (id: string | undefined) => [
    { place: 'patient.partition_key', id, code: 'KEY_UNWRAP_REFUSED' },
  ];

  it('stays on its version, which is not retired, and the others go on', async () => {
    const partitions = await partitionsOf(130);
    const { watch, keyService } = store.testKeys;
    const before = await keyService.currentVersion();
    await flipKey('partition_key', partitions[2]);
    expect(await leftBy(rotateKekJob({ stores: stores(), watch }))).toEqual(refused(partitions[2]));
    const behind = (version: number) =>
      keyRows('SELECT id::text FROM patient.partition_key WHERE kek_version < $1', version);
    expect(await behind(before + 1)).toEqual([{ id: partitions[2] }]);
    // It makes no rotation due each time, and the next one does not wait for it.
    const keeper = createKeyKeeper({
      ...{
        stores: [{ keys: store.own.keys, sealed: store.own }],
        keyPool: store.testKeys.keyPool,
        watch,
      },
      ...{ clock: systemClock, ids },
    });
    expect((await keeper.due()).map(({ kind }) => kind)).not.toContain('rotate-kek');
    expect(await leftBy(rotateKekJob({ stores: stores(), watch }))).toEqual(refused(partitions[2]));
    expect(await keyService.currentVersion()).toBe(before + 2);
    expect(await behind(before + 2)).toEqual([{ id: partitions[2] }]);

    const retire = () => retireKekJob({ stores: stores(), watch }, before + 2);
    expect(await leftBy(retire())).toEqual(refused(partitions[2]));
    expect(await leftBy(retire())).toEqual(refused(partitions[2]));
    await flipKey('partition_key', partitions[2]);
    expect(await run(retire())).toBe('DONE');
    expect(await behind(before + 2)).toEqual([]);
  });

  it('keeps its generation and what lies under it, and the others move on', async () => {
    const [, hurt] = await partitionsOf(5);
    await flipKey('partition_key', hurt);
    store.own.keys.close();
    const rotate = () => rotatePartitionsJob(store.own.keys);
    expect(await leftBy(rotate())).toEqual(refused(hurt));
    const old = () => keyRows('SELECT id::text FROM patient.partition_key WHERE generation = 1');
    expect(await old()).toEqual([{ id: hurt }]);
    await flipKey('partition_key', hurt);
    expect(await run(rotate())).toBe('DONE');
    expect(await old()).toEqual([]);
  });

  it('keeps those data keys behind that do not open themselves', async () => {
    const people = await addPeople(store, 30);
    const [key] = await keyRows<{ id: string }>('SELECT id::text FROM patient.data_key LIMIT 1');
    await flipKey('data_key', key?.id);
    const rotate = () => rotatePartitionsJob(store.own.keys);
    const code = 'SEAL_KEY_DAMAGED';
    expect(await leftBy(rotate())).toEqual([{ place: 'patient.data_key', id: key?.id, code }]);
    const behind = `SELECT d.id::text FROM patient.data_key d
      JOIN patient.partition_key p ON p.id = d.partition_key_id WHERE p.generation = 1`;
    expect(await keyRows(behind)).toEqual([{ id: key?.id }]);
    await flipKey('data_key', key?.id);
    expect(await run(rotate())).toBe('DONE');
    expect(await keyRows(behind)).toEqual([]);
    await expectWhole(store, people);
  });
});

it('more than a thousand are no single damage: the job stops there', () => {
  const name = { kind: 'rotate-index', store: 'patient', subject: '' };
  const at = { phase: 'REINDEX', position: {}, done: 0, total: null };
  const many = Array.from({ length: 1_001 }, (_, n) => ({ place: 'Card', id: `${n}`, code: 'X' }));
  expect(() => setAside(at, name, many)).toThrow(KeyJobError);
  expect(() => setAside(at, name, many.slice(1))).not.toThrow();
});

it('a drop of retired keys that was killed at its end is due, and ends', async () => {
  const { keys } = store.own;
  const job = dropRetiredJob(store.own, keys, 0);
  const stopping = new AbortController();
  stopping.abort();
  const stopped = { jobs, clock: systemClock, ids, signal: stopping.signal };
  expect(await runJob(job, stopped)).toBe('STOPPED');
  const keeper = createKeyKeeper({
    ...{
      stores: [{ keys: store.own.keys, sealed: store.own }],
      keyPool: store.testKeys.keyPool,
      watch: store.testKeys.watch,
    },
    ...{ clock: systemClock, ids },
  });
  const due = (await keeper.due()).filter(({ kind }) => kind === 'drop-retired');
  expect(due).toHaveLength(1);
  for (const one of due) expect(await keeper.run(one)).toBe('DONE');
  expect(await jobs.openJobs()).toEqual([]);
});
