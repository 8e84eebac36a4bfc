import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { constraintViolation, isTransientDatabaseFault } from './database-fault.ts';
import { copyWard, useTestServer, wardMigrations } from './fixtures/test-server.ts';
import { useWardClient, type WardClient } from './fixtures/ward-client.ts';
import { migrate } from './migrations/migrate.ts';
import { createPool, type DatabasePool, type PoolOptions } from './pool.ts';
import type { DatabaseTarget } from './target.ts';

const server = useTestServer();
const connect = useWardClient('database-fault');
const options: PoolOptions = {
  maxConnections: 4,
  statementTimeoutMs: 400,
  applicationName: 'test',
};
const ward = '01890000-0000-7000-8000-000000000001';
const other = '01890000-0000-7000-8000-000000000002';
let target: DatabaseTarget;
let pool: DatabasePool;
let prisma: WardClient;

beforeAll(async () => {
  const store = await copyWard(wardMigrations);
  target = server.newDatabase();
  await migrate(store, target);
  await store.remove();
  pool = createPool(target, options);
  prisma = connect(pool);
  await prisma.ward.create({ data: { id: ward, name: 'A', capacity: 4 } });
  await prisma.bed.create({ data: { id: ward, wardId: ward, label: '1' } });
});

afterAll(() => pool.end());

async function thrownBy(work: () => Promise<unknown>): Promise<unknown> {
  try {
    await work();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

const violations = [
  {
    sql: `INSERT INTO ward VALUES ('${other}', 'B', 400)`,
    client: () => prisma.ward.create({ data: { id: other, name: 'B', capacity: 400 } }),
    expected: { kind: 'check', constraint: 'ward_capacity_check' },
  },
  {
    sql: `INSERT INTO ward VALUES ('${other}', 'A', 4)`,
    client: () => prisma.ward.create({ data: { id: other, name: 'A', capacity: 4 } }),
    expected: { kind: 'unique', constraint: 'ward_name_key' },
  },
  {
    sql: `INSERT INTO bed VALUES ('${other}', '${other}', '1')`,
    client: () => prisma.bed.create({ data: { id: other, wardId: other, label: '1' } }),
    expected: { kind: 'foreign_key', constraint: 'bed_ward_id_fkey' },
  },
  {
    sql: `DELETE FROM ward WHERE id = '${ward}'`,
    client: () => prisma.ward.delete({ where: { id: ward } }),
    expected: { kind: 'foreign_key', constraint: 'bed_ward_id_fkey' },
  },
  {
    sql: `UPDATE ward SET name = NULL WHERE id = '${ward}'`,
    client: () => prisma.$executeRaw`UPDATE ward SET name = NULL WHERE id = ${ward}::uuid`,
    expected: { kind: 'not_null', constraint: 'ward_name_not_null' },
  },
] as const;

describe('constraintViolation', () => {
  it.each(violations)('names $expected.constraint ($expected.kind)', async (violation) => {
    const ways = [
      () => pool.query(violation.sql),
      violation.client,
      () => prisma.$executeRawUnsafe(violation.sql),
      () => prisma.$transaction(async (tx) => tx.$executeRawUnsafe(violation.sql)),
    ];
    for (const way of ways) {
      const error = await thrownBy(way);
      expect(constraintViolation(error)).toEqual(violation.expected);
      expect(isTransientDatabaseFault(error)).toBe(false);
      const wrapped = new Error('the operation failed', { cause: error });
      expect(constraintViolation(wrapped)).toEqual(violation.expected);
    }
  });

  it('is undefined for anything else', async () => {
    const errors = [
      await thrownBy(() => pool.query('SELECT nonsense')),
      await thrownBy(() => prisma.ward.delete({ where: { id: other } })),
      new Error('violates check constraint "made_up"'),
      undefined,
      'text',
    ];
    for (const error of errors) {
      expect(constraintViolation(error)).toBeUndefined();
      expect(isTransientDatabaseFault(error)).toBe(false);
    }
  });
});

describe('isTransientDatabaseFault', () => {
  it('is true for a statement that took too long', async () => {
    const slow = 'SELECT pg_sleep(5)::text';
    for (const way of [() => pool.query(slow), () => prisma.$queryRawUnsafe(slow)]) {
      const error = await thrownBy(way);
      expect(isTransientDatabaseFault(error)).toBe(true);
      expect(constraintViolation(error)).toBeUndefined();
    }
  });

  it('is true for a transaction that lost against another', async () => {
    const change = (turn: () => Promise<unknown>): Promise<unknown> =>
      prisma.$transaction(
        async (tx) => {
          await tx.ward.findFirst({ where: { id: ward } });
          await turn();
          await tx.ward.update({ where: { id: ward }, data: { capacity: { increment: 1 } } });
        },
        { isolationLevel: 'Serializable' },
      );
    const error = await thrownBy(() => change(() => change(async () => undefined)));
    expect(isTransientDatabaseFault(error)).toBe(true);
  });

  it('is true for a server that is not there, and false for a database that is not', async () => {
    const unreachable = createPool({ ...target, port: 1 }, options);
    const client = connect(unreachable);
    for (const way of [
      () => unreachable.query('SELECT 1'),
      () => client.ward.findMany(),
      () => client.$transaction(async (tx) => tx.ward.findMany()),
    ]) {
      expect(isTransientDatabaseFault(await thrownBy(way))).toBe(true);
    }
    const nameless = createPool({ ...target, database: 'nowhere' }, options);
    const missing = connect(nameless);
    expect(isTransientDatabaseFault(await thrownBy(() => missing.ward.findMany()))).toBe(false);
  });

  it('is true for a connection that was cut, and the pool goes on', async () => {
    const patient = createPool(target, { ...options, statementTimeoutMs: 20_000 });
    const client = connect(patient);
    const waiting = [
      thrownBy(() => patient.query(`SELECT pg_sleep(15)`)),
      thrownBy(() => client.$queryRawUnsafe(`SELECT pg_sleep(15)::text`)),
    ];
    const cut = `SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity
                 WHERE query LIKE 'SELECT pg_sleep(15)%' AND state = 'active'`;
    // A backend that was told to end may be listed once more before it is gone.
    const ended = new Set<number>();
    while (ended.size < 2) {
      for (const { pid } of (await pool.query<{ pid: number }>(cut)).rows) ended.add(pid);
    }
    for (const error of await Promise.all(waiting)) {
      expect(isTransientDatabaseFault(error)).toBe(true);
    }
    expect(await client.ward.count()).toBe(1);
    await patient.end();
  });

  it('is true when the pool has no connection to give', async () => {
    const narrow = createPool(target, { ...options, maxConnections: 1, acquireTimeoutMs: 50 });
    const taken = await narrow.connect();
    const client = connect(narrow);
    expect(isTransientDatabaseFault(await thrownBy(() => narrow.query('SELECT 1')))).toBe(true);
    expect(isTransientDatabaseFault(await thrownBy(() => client.ward.findMany()))).toBe(true);
    taken.release();
    await narrow.end();
  });
});
