import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { createIdSource, systemClock } from '@caregraph/clock';
import { createLogger } from '@caregraph/observability';
import { createTestDatabase, type TestDatabase } from '@caregraph/testbed';
import type { EventDraft, EventEnvelope } from './event.ts';
import { createInbox } from './inbox.ts';
import { outboxInsertSql, toOutboxRows } from './outbox.ts';
import { createRelay, type Relay } from './relay.ts';
import type { SqlSession, TransactionalStore } from './sql-session.ts';
import { createInProcessTransport, type EventConsumer } from './transport.ts';

const clock = systemClock;
const ids = createIdSource(clock);
const log = createLogger({ service: 'test', level: 'silent' });
let database: TestDatabase;
let pool: pg.Pool;
let relay: Relay | undefined;

beforeAll(async () => {
  database = await createTestDatabase('institution');
  pool = new pg.Pool({ connectionString: database.url, max: 8 });
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});
beforeEach(async () => {
  await pool.query('TRUNCATE outbox_event, inbox_message');
});
afterEach(async () => {
  await relay?.stop();
  relay = undefined;
});

/** The inbox asks for a transaction of any store; here it is plain pg. */
const store: TransactionalStore<SqlSession> = {
  async $transaction(run) {
    const client = await pool.connect();
    try {
      await client.query('BEGIN');
      const result = await run(sessionOf(client));
      await client.query('COMMIT');
      return result;
    } catch (error) {
      await client.query('ROLLBACK');
      throw error;
    } finally {
      client.release();
    }
  },
};

function sessionOf(client: pg.PoolClient): SqlSession {
  return {
    async $queryRawUnsafe<TRow>(sql: string, ...values: unknown[]) {
      return (await client.query(sql, values)).rows as TRow;
    },
    async $executeRawUnsafe(sql, ...values) {
      return (await client.query(sql, values)).rowCount ?? 0;
    },
  };
}

function areaPlaced(version = 1): EventDraft {
  const areaId = ids.next();
  const data = { areaId, ancestors: [areaId], version };
  return { type: 'org.caregraph.area.placed.v1', subject: areaId, data };
}

async function put(drafts: readonly EventDraft[], client: pg.Pool | pg.PoolClient = pool) {
  const rows = toOutboxRows(drafts, { clock, ids });
  await client.query(outboxInsertSql('$1'), [JSON.stringify(rows)]);
}

function startRelay(consumer: EventConsumer): Relay {
  const transport = createInProcessTransport(() => [consumer]);
  relay = createRelay({ pool, source: 'caregraph/test', transport, log, pollMs: 20 });
  relay.start();
  return relay;
}

function collecting(): EventConsumer & { readonly seen: EventEnvelope[] } {
  const seen: EventEnvelope[] = [];
  return {
    name: 'collecting',
    seen,
    receive: async (events) => {
      seen.push(...events);
    },
  };
}

test('committed events arrive in order, once published they are not offered again', async () => {
  const consumer = collecting();
  const drafts = Array.from({ length: 450 }, () => areaPlaced());
  await put(drafts);
  expect(await startRelay(consumer).drain(10_000)).toBe(true);
  expect(consumer.seen.map((event) => event.subject)).toEqual(drafts.map((draft) => draft.subject));
});

test('an event of a transaction that commits late is not skipped', async () => {
  const consumer = collecting();
  const early = areaPlaced();
  const late = areaPlaced();
  const slow = await pool.connect();
  await slow.query('BEGIN');
  await put([late], slow);
  await put([early]);
  const running = startRelay(consumer);
  await running.drain(10_000);
  expect(consumer.seen.map((event) => event.subject)).toEqual([early.subject]);
  await slow.query('COMMIT');
  slow.release();
  await running.drain(10_000);
  expect(consumer.seen.map((event) => event.subject)).toEqual([early.subject, late.subject]);
});

test('a rolled back transaction leaves no event', async () => {
  const consumer = collecting();
  const client = await pool.connect();
  await client.query('BEGIN');
  await put([areaPlaced()], client);
  await client.query('ROLLBACK');
  client.release();
  await put([areaPlaced()]);
  await startRelay(consumer).drain(10_000);
  expect(consumer.seen).toHaveLength(1);
});

test('a consumer that fails gets the batch again until it takes it', async () => {
  const consumer = collecting();
  let refusals = 3;
  const flaky: EventConsumer = {
    name: 'flaky',
    async receive(events) {
      if (refusals-- > 0) throw new Error('not now');
      await consumer.receive(events);
    },
  };
  await put([areaPlaced()]);
  expect(await startRelay(flaky).drain(20_000)).toBe(true);
  expect(consumer.seen).toHaveLength(1);
});

test('the inbox takes each event once, however often it is offered', async () => {
  let handled = 0;
  const inbox = createInbox<SqlSession>({
    name: 'test',
    store,
    log,
    isTransient: () => false,
    handlers: {
      'org.caregraph.area.placed.v1': async (_tx, events) => void (handled += events.length),
    },
  });
  const events = envelopes([areaPlaced(), areaPlaced()]);
  await Promise.all([inbox.receive(events), inbox.receive(events), inbox.receive(events)]);
  await inbox.receive(events);
  expect(handled).toBe(2);
  const { rows } = await pool.query('SELECT state FROM inbox_message');
  expect(rows).toEqual([{ state: 'TAKEN' }, { state: 'TAKEN' }]);
});

test('an event that can never be taken is set aside, and those beside it are taken', async () => {
  const [good, poison] = [areaPlaced(), areaPlaced()];
  const taken: string[] = [];
  const inbox = createInbox<SqlSession>({
    name: 'test',
    store,
    log,
    isTransient: () => false,
    handlers: {
      'org.caregraph.area.placed.v1': async (_tx, events) => {
        const subjects = events.map((event) => event.subject);
        if (subjects.includes(poison.subject)) throw new TypeError('cannot');
        taken.push(...subjects);
      },
    },
  });
  await inbox.receive(envelopes([poison, good]));
  expect(taken).toContain(good.subject);
  const { rows } = await pool.query(
    `SELECT reason, envelope->>'subject' AS subject FROM inbox_message WHERE state = 'SET_ASIDE'`,
  );
  expect(rows).toEqual([{ reason: 'TypeError', subject: poison.subject }]);
});

test('an event with a NUL character is set aside like any other that cannot be taken', async () => {
  const inbox = createInbox<SqlSession>({
    name: 'test',
    store,
    log,
    isTransient: () => false,
    handlers: { 'org.caregraph.area.placed.v1': async () => undefined },
  });
  const [event] = envelopes([areaPlaced()]);
  if (event === undefined) throw new Error('no event');
  await inbox.receive([{ ...event, subject: 'a\u0000b', data: { areaId: 'a\u0000' } }]);
  const { rows } = await pool.query('SELECT state FROM inbox_message');
  expect(rows).toEqual([{ state: 'SET_ASIDE' }]);
});

test('a passing fault leaves the event for the next time', async () => {
  let faults = 1;
  const inbox = createInbox<SqlSession>({
    name: 'test',
    store,
    log,
    isTransient: () => true,
    handlers: {
      'org.caregraph.area.placed.v1': async () => {
        if (faults-- > 0) throw new Error('deadlock');
      },
    },
  });
  const events = envelopes([areaPlaced()]);
  await expect(inbox.receive(events)).rejects.toThrow('deadlock');
  expect((await pool.query('SELECT 1 FROM inbox_message')).rows).toEqual([]);
  await inbox.receive(events);
  expect((await pool.query('SELECT 1 FROM inbox_message')).rows).toHaveLength(1);
});

function envelopes(drafts: readonly EventDraft[]): EventEnvelope[] {
  return toOutboxRows(drafts, { clock, ids }).map((row, index) => ({
    specversion: '1.0',
    id: row.id,
    type: drafts[index]?.type ?? 'org.caregraph.area.placed.v1',
    source: 'caregraph/test',
    subject: row.subject,
    time: row.created_at,
    data: row.data,
  }));
}
