import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { storeNames, type DatabaseName } from '@caregraph/database';
import { serviceUrl } from '@caregraph/testbed';
import { blindIndexes, dumpDatabase, serverLog, type Place } from './test-canary-places.ts';
import { showsSomething } from './test-canary-reads.ts';
import { sendCanaries, type CanaryRun } from './test-canary-run.ts';
import {
  batches,
  inputOf,
  mutationNames,
  plainTexts,
  queryNames,
  sealedTexts,
  singles,
} from './test-canary-schema.ts';
import { tokenOf } from './test-canary-world.ts';

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

let run: CanaryRun;
beforeAll(async () => {
  run = await sendCanaries();
}, 900_000);
afterAll(() => run.stop());

const search = (places: readonly Place[]) =>
  places.flatMap(({ name, bytes }) => run.canaries.find(bytes, name));

function databaseOf(name: DatabaseName) {
  const target = run.stack.databases[name];
  if (target === undefined) throw new Error(`the stack has no database ${name}`);
  return target;
}

describe('what goes through the graph', () => {
  test('every text that stays plain has a reason and exists', () => {
    const types = [...singles.keys()].map(inputOf);
    const everyText = new Set(types.flatMap((type) => sealedTexts(type)));
    for (const coordinate of Object.keys(plainTexts)) expect(everyText).not.toContain(coordinate);
  });

  test('every mutation of the graph was sent, and did what it is for', () => {
    const { alone, inBatches } = run;
    expect(alone.filter(({ verdict }) => verdict !== 'APPLIED')).toEqual([]);
    expect(inBatches.filter(({ verdict }) => verdict !== 'APPLIED')).toEqual([]);
    const sent = new Set([
      ...alone.map(({ mutation }) => mutation),
      ...inBatches.flatMap(({ batch }) => batch ?? []),
    ]);
    expect([...sent].toSorted()).toEqual(mutationNames.toSorted());
  });

  test('every text of a patient in every mutation carried a canary', () => {
    for (const [mutation, texts] of singles) {
      const sent = run.alone.filter((one) => one.mutation === mutation);
      const carried = new Set(sent.flatMap((one) => [...one.carried]));
      expect([mutation, [...carried].toSorted()]).toEqual([
        mutation,
        [...new Set(texts)].toSorted(),
      ]);
    }
  });

  test('the same through every batch that takes it', () => {
    for (const [batch, members] of batches) {
      for (const member of members) {
        const sent = run.inBatches.filter((one) => one.batch === batch && one.mutation === member);
        expect(sent.length, member).toBeGreaterThan(0);
        const texts = new Set(sent.flatMap((one) => [...one.carried]));
        expect([member, [...texts].toSorted()]).toEqual([
          member,
          [...new Set(singles.get(member))].toSorted(),
        ]);
      }
    }
  });

  test('every query of the graph showed somebody something', () => {
    const shown = new Set(run.reads.filter(showsSomething).map(({ field }) => field));
    expect([...shown].toSorted()).toEqual(queryNames.toSorted());
  });

  test('each text of each input can be read back by somebody', () => {
    const answers = run.reads.map(({ data }) => data).join('\n');
    const unread = [...new Set([...singles.values()].flat())].filter(
      (coordinate) =>
        !run.canaries.madeFor(coordinate).some((text) => {
          const spelt = [JSON.stringify(text).slice(1, -1), text.replaceAll(' ', '')];
          return spelt.some((one) => answers.includes(one));
        }),
    );
    expect(unread).toEqual([]);
  });

  test('who was searched for by name, number and identifier was found', () => {
    for (const text of Object.values(run.searchedFor)) {
      const found = run.reads.filter(
        ({ reader, query }) => reader === 'hospital-clinician-1' && query.includes(text),
      );
      expect(found.length, text).toBeGreaterThan(0);
      const missed = found.filter(({ data }) => !data.includes(run.world.patient));
      expect(missed.map(({ query, codes }) => [query.slice(0, 100), codes])).toEqual([]);
    }
  });

  test('who moved to another district is found there by name, alone or with a household', async () => {
    const { stack, facts, world } = run;
    const { farDistrictId: areaId } = facts;
    const actor = { mutation: '', actor: 'hospital-clinician-1', input: {}, areaRoots: [areaId] };
    const query = `query ($name: String!, $areaId: UUID!) {
      searchPatients(name: $name, areaId: $areaId) { matches { patient { id } } }
    }`;
    const token = await tokenOf(stack, actor);
    // All names share a word, so that a search for it finds everybody who is indexed there.
    const variables = { name: run.canaries.nativeMarker, areaId };
    const { data } = await stack.ask(actor.actor, query, variables, { token });
    for (const id of [world.mover, world.member]) expect(JSON.stringify(data)).toContain(id);
  });
});

describe('what was refused or set aside', () => {
  test('some was kept for review and some lost a conflict', async () => {
    const verdicts = new Set(run.setAside.map(({ verdict }) => verdict));
    expect(verdicts).toContain('QUARANTINED');
    expect(verdicts).toContain('CONFLICT');
    const { pools } = run.stack.deployment;
    for (const name of ['patient', 'clinical', 'prescription'] as const) {
      const sql = 'SELECT 1 FROM operation_record WHERE sealed_payload IS NOT NULL';
      expect((await pools[name].query(sql)).rowCount, name).toBeGreaterThan(0);
    }
    const conflicts = await pools.patient.query('SELECT 1 FROM conflict_record');
    expect(conflicts.rowCount).toBeGreaterThan(0);
  });

  test('ids that were there already, rows that the database refused, a value that did not open', () => {
    const { again, refusedByStore, unreadable } = run;
    const doubled = again.filter(({ problems }) => problems.includes('ALREADY_EXISTS'));
    expect(new Set(doubled.map(({ mutation }) => mutation)).size).toBeGreaterThan(15);
    const refused = refusedByStore.filter(({ verdict }) => verdict !== 'APPLIED');
    expect(new Set(refused.map(({ mutation }) => mutation)).size).toBeGreaterThan(15);
    expect(unreadable.errors.length).toBeGreaterThan(0);
  });
});

test('what a client gets wrong is refused, and is no fault of the stores', () => {
  const faults = run.refusals.filter(({ bytes }) =>
    /"(?:INTERNAL|VALUE_UNREADABLE|STORE_UNAVAILABLE)"/.test(bytes.toString()),
  );
  expect(faults.map(({ name }) => name)).toEqual([]);
});

describe('no canary is found', () => {
  test.each([...storeNames, 'keys', 'identity'] as const)('in a table of %s', async (name) => {
    const places = await dumpDatabase(name, databaseOf(name));
    expect(places.length).toBeGreaterThan(3);
    expect(search(places)).toEqual([]);
  });

  test('in an event', async () => {
    for (const name of ['patient', 'institution'] as const) {
      const places = await dumpDatabase(name, databaseOf(name));
      const events = places.find((place) => place.name.endsWith('.outbox_event'));
      expect(events?.bytes.length, name).toBeGreaterThan(1_000);
    }
  });

  test('in the write-ahead log', { timeout: 300_000 }, async () => {
    const places = await run.wal.read();
    expect(places[0]?.bytes.length).toBeGreaterThan(1_000_000);
    expect(search(places)).toEqual([]);
  });

  test('in the log of PostgreSQL, which was told to write everything', async () => {
    const log = await serverLog(run.stack.keys.keyDatabase);
    const provoked = [
      'parameters: $1 = ',
      'Failing row contains (',
      'refused: (',
      'already exists.',
    ];
    for (const said of provoked) {
      expect(log.bytes.includes(said), said).toBe(true);
    }
    expect(search([log])).toEqual([]);
  });

  test('in Redis, or on the way to it', async () => {
    expect(run.saidToRedis.length).toBeGreaterThan(10);
    const said = Buffer.from(run.saidToRedis.join('\n'));
    const places = [{ name: 'Redis, on the way', bytes: said }];
    for await (const keys of run.redis.scanStream() as AsyncIterable<string[]>) {
      for (const key of keys) {
        const kept = await run.redis.dumpBuffer(key);
        const bytes = Buffer.concat([Buffer.from(key), kept ?? Buffer.alloc(0)]);
        places.push({ name: `Redis ${key}`, bytes });
      }
    }
    expect(search(places)).toEqual([]);
  });

  test('in the logs of the stack', () => {
    const { log } = run.stack;
    expect(log.length).toBeGreaterThan(10);
    for (const said of ['INTERNAL', 'VALUE_UNREADABLE']) {
      expect(
        log.some((line) => line.includes(said)),
        said,
      ).toBe(true);
    }
    expect(search([{ name: 'log', bytes: Buffer.from(log.join('\n')) }])).toEqual([]);
  });

  test('in the metrics', () => {
    const text = run.metrics.bytes.toString();
    expect(run.metrics.name).toBe('metrics: 200');
    expect(text).toMatch(/^caregraph_key_service_up\{state="available"\} 1$/m);
    expect(text).toMatch(/^caregraph_unwrapped_keys\{store="patient"\} [1-9]/m);
    expect(text).toMatch(/^caregraph_unreadable_values_total\{store="patient",code="\w+"\} [1-9]/m);
    expect(text).toContain('# TYPE caregraph_key_job_done gauge');
    expect(search([run.metrics])).toEqual([]);
  });

  test('in what refused, and in what told a verdict', () => {
    const { alone, inBatches, again, setAside, refusedByStore, refusals, unreadable } = run;
    expect(refusals.length).toBeGreaterThan(300);
    const written = [...alone, ...inBatches, ...again, ...setAside, ...refusedByStore];
    const receipts = written.map(({ mutation, problems }) => ({
      name: `receipt of ${mutation}`,
      bytes: Buffer.from(problems),
    }));
    const errors = Buffer.from(JSON.stringify(unreadable.errors));
    expect(search([...refusals, ...receipts, { name: 'unreadable', bytes: errors }])).toEqual([]);
  });

  test('at the doors that are open to all', () => {
    const doors = run.knocks.map(({ name }) => name);
    expect(doors).toContain('GET /ready: 200');
    // The router has none of its own: they are at a port that the network does not reach.
    expect(doors).toContain('GET /metrics: 404');
    expect(search(run.knocks)).toEqual([]);
  });

  test('in a blind index, not even the first letters of a name', async () => {
    const found: string[] = [];
    let count = 0;
    for (const name of storeNames) {
      for (const { column, values } of await blindIndexes(databaseOf(name))) {
        count += values.length;
        const wrong = values.filter((value) => !/^[0-9a-f]{4,64}$/.test(value));
        if (wrong.length > 0) found.push(`${name} ${column}: ${wrong[0]}`);
      }
    }
    expect(found).toEqual([]);
    expect(count).toBeGreaterThan(20);
  });
});

test('what is planted is found in a table, in both logs of PostgreSQL', async () => {
  const { pools } = run.stack.deployment;
  const planted = `a ${run.canaries.marker.toLowerCase()}`;
  await pools.audit.query('CREATE TABLE planted (bytes bytea)');
  try {
    await pools.audit.query('INSERT INTO planted VALUES ($1)', [Buffer.from(`\0${planted}`)]);
    const hits = search(await dumpDatabase('audit', databaseOf('audit')));
    expect(hits.join('\n')).toMatch(/public\.planted: hex of/);
  } finally {
    await pools.audit.query('DROP TABLE planted');
  }
  expect(search(await run.wal.read()).join('\n')).toMatch(/^WAL: UTF-8 of/);
  expect(search([await serverLog(databaseOf('audit'))]).join('\n')).toMatch(/hex of/);
}, 300_000);
