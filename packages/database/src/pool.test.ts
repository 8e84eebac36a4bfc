import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { copyWard, useTestServer, wardMigrations } from './fixtures/test-server.ts';
import { useWardClient, type WardClient } from './fixtures/ward-client.ts';
import { migrate } from './migrations/migrate.ts';
import { countStatements, createPool, type DatabasePool } from './pool.ts';
import { createStatementNames } from './store-adapter.ts';
import type { DatabaseTarget } from './target.ts';

const server = useTestServer();
const connect = useWardClient('pool');
let target: DatabaseTarget;
let pool: DatabasePool;
let prisma: WardClient;

beforeAll(async () => {
  const store = await copyWard(wardMigrations);
  target = server.newDatabase();
  await migrate(store, target);
  await store.remove();
  pool = createPool(target, {
    maxConnections: 4,
    statementTimeoutMs: 5_000,
    transactionTimeoutMs: 9_000,
    applicationName: 'ward-test',
  });
  prisma = connect(pool);
});

afterAll(() => pool.end());

describe('createPool', () => {
  it('sets every session up', async () => {
    const setting = async (name: string): Promise<unknown> =>
      (await pool.query<{ value: string }>('SELECT current_setting($1) AS value', [name])).rows[0]
        ?.value;
    expect(await setting('TimeZone')).toBe('UTC');
    expect(await setting('statement_timeout')).toBe('5s');
    expect(await setting('transaction_timeout')).toBe('9s');
    expect(await setting('application_name')).toBe('ward-test');
  });

  it('keeps instants right on a server whose zone is another', async () => {
    const name = target.database;
    await pool.query(`ALTER DATABASE "${name}" SET TimeZone TO 'Asia/Kolkata'`);
    const zoned = createPool(target, {
      maxConnections: 1,
      statementTimeoutMs: 5_000,
      applicationName: 'zoned',
    });
    const client = connect(zoned);
    const id = '01890000-0000-7000-8000-0000000000aa';
    const occupiedAt = new Date('2026-03-04T05:06:07.890Z');
    await client.ward.create({ data: { id, name: 'Zone', capacity: 1 } });
    await client.bed.create({ data: { id, wardId: id, label: '1', occupiedAt } });
    expect((await client.bed.findFirst({ where: { id } }))?.['occupiedAt']).toEqual(occupiedAt);
    const { rows } = await zoned.query<{ seconds: string }>(
      'SELECT extract(epoch FROM occupied_at) AS seconds FROM bed WHERE id = $1',
      [id],
    );
    expect(Number(rows[0]?.seconds)).toBe(occupiedAt.getTime() / 1000);
    await zoned.end();
  });
});

describe('countStatements', () => {
  it('counts what pg and Prisma send, as PostgreSQL sees it', async () => {
    const counted = await countStatements(pool, async () => {
      await pool.query('SELECT 1');
      await prisma.ward.findMany({ include: { beds: true } });
      await prisma.$transaction(async (tx) => {
        await tx.ward.count();
        await tx.$executeRaw`SELECT 2`;
      });
      const client = await pool.connect();
      await client.query({ text: 'SELECT $1::int', values: [3] });
      client.release();
      return 'done';
    });
    expect(counted.result).toBe('done');
    expect(counted.statements.map((sql) => sql.split(' ', 1)[0])).toEqual([
      'SELECT',
      'SELECT',
      'SELECT',
      'BEGIN',
      'SELECT',
      'SELECT',
      'COMMIT',
      'SELECT',
    ]);
    expect(counted.count).toBe(8);
  });

  it('counts nothing before and after, and ends when the work throws', async () => {
    await pool.query('SELECT 1');
    await expect(
      countStatements(pool, async () => {
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    const { count } = await countStatements(pool, async () => undefined);
    expect(count).toBe(0);
  });
});

describe('createStoreAdapter', () => {
  it('prepares what is asked twice', async () => {
    const single = createPool(target, {
      maxConnections: 1,
      statementTimeoutMs: 5_000,
      applicationName: 'prepared',
    });
    const client = connect(single);
    const id = '01890000-0000-7000-8000-000000000001';
    for (let round = 0; round < 3; round++) await client.ward.findUnique({ where: { id } });
    const { rows } = await single.query<{ name: string; uses: string }>(
      `SELECT name, generic_plans + custom_plans AS uses FROM pg_prepared_statements
       WHERE statement LIKE '%"ward"%'`,
    );
    expect(rows).toEqual([{ name: expect.stringMatching(/^cg_/) as string, uses: '2' }]);
    await single.end();
  });

  it('names a bounded number of texts, and no transaction control', () => {
    const nameOf = createStatementNames(2);
    const twice = (sql: string): string => (nameOf(sql), nameOf(sql));
    expect(twice('BEGIN')).toBe('');
    expect(twice('SAVEPOINT a')).toBe('');
    const first = twice('SELECT 1');
    expect(first).toMatch(/^cg_.{22}$/);
    expect(twice('SELECT 2')).not.toBe(first);
    expect(twice('SELECT 3')).toBe('');
    expect(nameOf('SELECT 1')).toBe(first);
  });

  it('forgets texts that were asked once, oldest first', () => {
    const nameOf = createStatementNames(2);
    for (const sql of ['SELECT 1', 'SELECT 2', 'SELECT 3']) expect(nameOf(sql)).toBe('');
    expect(nameOf('SELECT 1')).toBe('');
    expect(nameOf('SELECT 3')).toMatch(/^cg_/);
  });
});
