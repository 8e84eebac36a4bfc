import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { storeNames } from '@caregraph/database';
import { freePort, serviceUrl } from '@caregraph/testbed';
import { defaultRouterConfig } from '../src/index.ts';
import {
  blindIndexes,
  databaseOf,
  dumpDatabase,
  serverLog,
  watchWal,
} from './test-canary-places.ts';
import type { Place, WalWatch } from './test-canary-places.ts';
import { readEverything, readsOf, type Read } from './test-canary-reads.ts';
import { batches, plainTexts, sealedTexts, inputOf } from './test-canary-schema.ts';
import { singles, strangeMutations } from './test-canary-schema.ts';
import { factsOf, newWorld, stepsOf, type Facts, type World } from './test-canary-steps.ts';
import { createCanaries, findCanaries } from './test-canary-texts.ts';
import { knockEverywhere, openDoors, writeBatches, writeOne } from './test-canary-writes.ts';
import { writeWrongly, type Written } from './test-canary-writes.ts';
import { startJourney, type JourneyStack } from './test-stack.ts';

/**
 * Texts that nobody else has go through everything that takes a patient's data, and then nothing of
 * them may be found where only sealed values, ids and codes belong.
 */
vi.mock(import('../src/router.ts'), async (original) => {
  const router = await original();
  return {
    ...router,
    // The embedded profile counts by itself; deployments of several routers count in Redis.
    createRouter: async (options) =>
      router.createRouter({ ...options, redisUrl: await serviceUrl('redis') }),
  };
});

const canaries = createCanaries();
const outsider = 'clinician-2';
let stack: JourneyStack;
let wal: WalWatch;
let redis: Redis;
const saidToRedis: string[] = [];
const alone: Written[] = [];
let inBatches: readonly Written[];
const setAside: Written[] = [];
let reads: readonly Read[];
let searchedFor: { name: string; phone: string; value: string };
let patientId: string;
let refusals: readonly Place[];
let knocks: readonly Place[];

beforeAll(async () => {
  const limits = { ...defaultRouterConfig.limits, costBudget: 1e9, maxFields: 20_000 };
  stack = await startJourney({
    households: 1,
    signInPort: await freePort(),
    router: { limits: { ...limits, maxTokens: 10_000, requestsPerMinute: 1e6 } },
  });
  wal = await watchWal(stack.keys.keyDatabase, `canary_${process.pid}`);
  redis = new Redis(await serviceUrl('redis'));
  const monitor = await redis.monitor();
  monitor.on('monitor', (_time: string, said: string[]) => void saidToRedis.push(said.join(' ')));
  const facts = await factsOf(stack);
  const [world, other] = [newWorld(stack), newWorld(stack)];
  await writeAlone(world, facts);
  inBatches = await writeBatches(stack, canaries, stepsOf(other, facts));
  await writeAsOutsider(world, facts);
  await writeLate(world);
  await stack.settle();
  const [name = '', phone = '', value = ''] = ['name', 'phone', 'value'].map((field) => {
    const type = field === 'value' ? 'NewIdentifierInput' : 'RegisterPatientInput';
    return canaries.madeFor(`${type}.${field}`)[0];
  });
  searchedFor = { name, phone, value };
  patientId = world.patient;
  reads = await readEverything(stack, readsOf(world, facts, searchedFor));
  refusals = await writeWrongly(stack, canaries, stepsOf(newWorld(stack), facts));
  knocks = [...(await knockEverywhere(stack, canaries)), ...(await openDoors(stack))];
  await stack.settle();
}, 900_000);

afterAll(async () => {
  await wal.stop();
  redis.disconnect();
  await stack.stop();
});

async function writeAlone(world: World, facts: Facts): Promise<void> {
  for (const step of stepsOf(world, facts)) {
    alone.push(await writeOne(stack, canaries, step));
    await stack.settle();
  }
}

/** Somebody of another place writes of the same people: it is kept for review, or refused. */
async function writeAsOutsider(world: World, facts: Facts): Promise<void> {
  const { household, patient, second, wrongCheckup, wrongDose, changedDraft, issued } = world;
  const targets = { household, patient, second, wrongCheckup, wrongDose, changedDraft, issued };
  for (const step of stepsOf({ ...newWorld(stack), ...targets }, facts)) {
    const { checkup: _made, ...input } = step.input;
    setAside.push(await writeOne(stack, canaries, { ...step, input, actor: outsider }));
  }
}

/** Devices that were away write over what others have written meanwhile. */
async function writeLate(world: World): Promise<void> {
  const actor = 'hospital-clinician-1';
  const steps = [
    { mutation: 'updatePatient', actor, input: { patientId: world.second } },
    { mutation: 'updateHousehold', actor, input: { householdId: world.household } },
    { mutation: 'updateDraftPrescription', actor, input: { prescriptionId: world.changedDraft } },
  ];
  const deviceId = stack.newId();
  for (const step of steps) {
    setAside.push(await writeOne(stack, canaries, step, { deviceId, baseVersion: 1 }));
  }
}

const search = (places: readonly Place[]) =>
  places.flatMap(({ name, bytes }) => findCanaries(canaries, bytes, name));

describe('what goes through the graph', () => {
  test('every mutation is known, and every text that stays plain has a reason and exists', () => {
    expect(strangeMutations).toEqual([]);
    const types = [...singles.keys()].map(inputOf);
    const everyText = new Set(types.flatMap((type) => sealedTexts(type)));
    for (const coordinate of Object.keys(plainTexts)) expect(everyText).not.toContain(coordinate);
  });

  test('every text of a patient in every mutation carried a canary that was recorded', () => {
    const recorded = (mutation: string) =>
      new Set(
        alone
          .filter((one) => one.mutation === mutation && one.verdict === 'APPLIED')
          .flatMap(({ carried }) => [...carried]),
      );
    expect(alone.filter(({ verdict }) => verdict !== 'APPLIED')).toEqual([]);
    for (const [mutation, texts] of singles) {
      expect([mutation, [...recorded(mutation)].toSorted()]).toEqual([
        mutation,
        [...new Set(texts)].toSorted(),
      ]);
    }
  });

  test('the same through every batch that takes it', () => {
    expect(inBatches.filter(({ verdict }) => !/APPLIED|MERGED/.test(verdict))).toEqual([]);
    for (const [batch, members] of batches) {
      for (const member of members) {
        const carried = inBatches.filter((one) => one.batch === batch && one.mutation === member);
        const texts = new Set(carried.flatMap((one) => [...one.carried]));
        expect([member, [...texts].toSorted()]).toEqual([
          member,
          [...new Set(singles.get(member))].toSorted(),
        ]);
      }
    }
  });

  test('some was set aside and some lost a conflict', async () => {
    const verdicts = new Set(setAside.map(({ verdict }) => verdict));
    expect(verdicts).toContain('QUARANTINED');
    expect(verdicts).toContain('CONFLICT');
    for (const name of ['patient', 'clinical', 'prescription'] as const) {
      const sql = 'SELECT 1 FROM operation_record WHERE sealed_payload IS NOT NULL';
      const { rowCount } = await stack.deployment.pools[name].query(sql);
      expect(rowCount, name).toBeGreaterThan(0);
    }
    const conflicts = await stack.deployment.pools.patient.query('SELECT 1 FROM conflict_record');
    expect(conflicts.rowCount).toBeGreaterThan(0);
  });

  test('each text of each input can be read back by somebody', () => {
    const answers = reads.map(({ data }) => data).join('\n');
    const unread = [...new Set([...singles.values()].flat())].filter(
      (coordinate) =>
        !canaries.madeFor(coordinate).some((text) => {
          const spelt = [JSON.stringify(text).slice(1, -1), text.replaceAll(' ', '')];
          return spelt.some((one) => answers.includes(one));
        }),
    );
    expect(unread).toEqual([]);
  });

  test('who was searched for by name, number and identifier was found', () => {
    for (const text of Object.values(searchedFor)) {
      const found = reads.filter(
        ({ reader, query }) => reader === 'hospital-clinician-1' && query.includes(text),
      );
      expect(found.length, text).toBeGreaterThan(0);
      const missed = found.filter(({ data }) => !data.includes(patientId));
      expect(missed.map(({ query, codes }) => [query.slice(0, 100), codes])).toEqual([]);
    }
  });
});

describe('no canary is found', () => {
  test.each([...storeNames, 'keys', 'identity'])('in a table of %s', async (name) => {
    const places = await dumpDatabase(name, await databaseOf(stack, name));
    expect(places.length).toBeGreaterThan(3);
    expect(search(places)).toEqual([]);
  });

  test('in the write-ahead log', { timeout: 300_000 }, async () => {
    const places = await wal.read();
    expect(places[0]?.bytes.length).toBeGreaterThan(1_000_000);
    expect(search(places)).toEqual([]);
  });

  test('in the log of PostgreSQL', async (context) => {
    const log = await serverLog(stack.keys.keyDatabase);
    if (log === undefined) return context.skip('the log of this server is not a file to read');
    expect(search([log])).toEqual([]);
  });

  test('in Redis, or on the way to it', async () => {
    expect(saidToRedis.length).toBeGreaterThan(10);
    const places = [{ name: 'Redis, on the way', bytes: Buffer.from(saidToRedis.join('\n')) }];
    for await (const keys of redis.scanStream() as AsyncIterable<string[]>) {
      for (const key of keys) {
        const kept = await redis.dumpBuffer(key);
        places.push({
          name: `Redis ${key}`,
          bytes: Buffer.concat([Buffer.from(key), kept ?? Buffer.alloc(0)]),
        });
      }
    }
    expect(search(places)).toEqual([]);
  });

  test('in the logs of the stack', () => {
    expect(stack.log.length).toBeGreaterThan(10);
    expect(search([{ name: 'log', bytes: Buffer.from(stack.log.join('\n')) }])).toEqual([]);
  });

  test('in what refused, and in what told a verdict', () => {
    expect(refusals.length).toBeGreaterThan(300);
    const receipts = [...alone, ...inBatches, ...setAside].map(({ mutation, problems }) => ({
      name: `receipt of ${mutation}`,
      bytes: Buffer.from(problems),
    }));
    expect(search([...refusals, ...receipts])).toEqual([]);
  });

  test('at the doors that are open to all', () => {
    expect(search(knocks)).toEqual([]);
  });

  test('in a blind index, not even the first letters of a name', async () => {
    const found: string[] = [];
    let count = 0;
    for (const name of storeNames) {
      for (const { column, values } of await blindIndexes(await databaseOf(stack, name))) {
        count += values.length;
        const wrong = values.filter((value) => !/^[0-9a-f]{4,64}$/.test(value));
        if (wrong.length > 0) found.push(`${name} ${column}: ${wrong[0]}`);
      }
    }
    expect(found).toEqual([]);
    expect(count).toBeGreaterThan(20);
  });
});

describe('the search finds what is there', () => {
  const planted = () => `a ${canaries.marker.toLowerCase()}`;

  test('in a table as bytes and in the write-ahead log', { timeout: 300_000 }, async () => {
    const { pools } = stack.deployment;
    await pools.audit.query('CREATE TABLE planted (text text, bytes bytea)');
    try {
      await pools.audit.query('INSERT INTO planted VALUES ($1, $2)', [
        'nothing',
        Buffer.from(`\0${planted()}`),
      ]);
      const hits = search(await dumpDatabase('audit', await databaseOf(stack, 'audit')));
      expect(hits.join('\n')).toMatch(/public\.planted: hex of/);
    } finally {
      await pools.audit.query('DROP TABLE planted');
    }
    expect(search(await wal.read()).join('\n')).toMatch(/^WAL: UTF-8 of/);
  });

  test.each([
    ['a log line', () => JSON.stringify({ error: planted() })],
    ['base64', () => Buffer.from(`x${planted()}`).toString('base64')],
    ['base64 elsewhere', () => Buffer.from(`xyz${planted()}`).toString('base64url')],
    ['UTF-16', () => Buffer.from(planted(), 'utf16le').toString('latin1')],
    ['capitals', () => planted().toUpperCase()],
    ['a number', () => `tel:${canaries.numbers[1]}`],
    ['an address', () => encodeURIComponent(canaries.numbers[0] ?? '')],
  ])('as %s', (name, text) => {
    expect(search([{ name, bytes: Buffer.from(text(), 'latin1') }])).not.toEqual([]);
  });
});
