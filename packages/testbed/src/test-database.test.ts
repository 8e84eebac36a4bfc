import pg from 'pg';
import { expect, it } from 'vitest';
import { createTestDatabase } from './test-database.ts';
import { serviceUrl } from './service-url.ts';

async function databases(): Promise<string[]> {
  return query(await serviceUrl('postgres'), 'select datname as text from pg_database');
}

async function query(url: string, sql: string): Promise<string[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ text: string }>(sql);
    return rows.map(({ text }) => text);
  } finally {
    await client.end();
  }
}

it('gives each caller a database of its own and removes it', async () => {
  const [one, other] = await Promise.all([
    createTestDatabase('institution'),
    createTestDatabase('institution'),
  ]);
  expect(one.target.database).not.toBe(other.target.database);
  await query(one.url, 'create table only_here (id int)');
  const tables = "select tablename::text as text from pg_tables where tablename = 'only_here'";
  expect(await query(one.url, tables)).toEqual(['only_here']);
  expect(await query(other.url, tables)).toEqual([]);
  await one.drop();
  await one.drop();
  expect(await databases()).not.toContain(one.target.database);
  await other.drop();
});

it('applies the migrations of the store', async () => {
  const database = await createTestDatabase('patient');
  try {
    const applied = 'select migration_name as text from _prisma_migrations';
    expect(await query(database.url, applied)).not.toEqual([]);
  } finally {
    await database.drop();
  }
});
