import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import {
  addMigration,
  copyWard,
  useTestServer,
  wardMigrations,
  wardRules,
} from '../fixtures/test-server.ts';
import type { DatabaseTarget } from '../target.ts';
import { checkDrift, describeDrift, hasDrift } from './drift.ts';
import { migrate } from './migrate.ts';
import { withClient } from './scratch-database.ts';
import type { StoreFiles } from './store-files.ts';

const server = useTestServer();
const cleanups: (() => Promise<unknown>)[] = [];
const names = Object.keys(wardMigrations);

afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

async function ward(migrations: Record<string, string> = wardMigrations): Promise<StoreFiles> {
  const store = await copyWard(migrations);
  cleanups.push(() => store.remove());
  return store;
}

async function rowsOf<T extends object>(target: DatabaseTarget, sql: string): Promise<T[]> {
  return withClient(target, async (client) => (await client.query<T>(sql)).rows);
}

describe('migrate', () => {
  it('makes the database and applies what is missing, once', async () => {
    const store = await ward();
    const target = server.newDatabase();
    expect(await migrate(store, target)).toEqual({ createdDatabase: true, applied: names });
    expect(await migrate(store, target)).toEqual({ createdDatabase: false, applied: [] });
    await addMigration(store, '20260103000000_more', 'CREATE TABLE more (id integer)');
    expect((await migrate(store, target)).applied).toEqual(['20260103000000_more']);
  });

  it('leaves the records that prisma migrate deploy leaves', async () => {
    const target = server.newDatabase();
    await migrate(await ward(), target);
    const records = await rowsOf(
      target,
      `SELECT migration_name, checksum, applied_steps_count, logs, rolled_back_at,
              finished_at IS NOT NULL AS finished
       FROM _prisma_migrations ORDER BY migration_name`,
    );
    expect(records).toEqual(
      Object.entries(wardMigrations).map(([migration_name, sql]) => ({
        migration_name,
        checksum: createHash('sha256').update(sql).digest('hex'),
        applied_steps_count: 1,
        logs: null,
        rolled_back_at: null,
        finished: true,
      })),
    );
  });

  it('lets deploys at the same time wait for each other', async () => {
    const store = await ward();
    const target = server.newDatabase();
    const results = await Promise.all([1, 2, 3, 4].map(() => migrate(store, target)));
    expect(results.flatMap(({ applied }) => applied)).toEqual(names);
    expect(results.filter(({ createdDatabase }) => createdDatabase)).toHaveLength(1);
    expect(hasDrift(await checkDrift(store, target))).toBe(false);
  });

  it('migrates several new databases of one server at the same time', async () => {
    const store = await ward();
    const targets = [1, 2, 3, 4, 5].map(() => server.newDatabase());
    const results = await Promise.all(targets.map((target) => migrate(store, target)));
    expect(results.map(({ applied }) => applied)).toEqual(targets.map(() => names));
  });

  it('applies a migration whole or not at all, and says why without quoting rows', async () => {
    const target = server.newDatabase();
    const store = await ward({
      ...wardMigrations,
      '20260103000000_broken': `INSERT INTO ward VALUES (uuidv7(), 'Secret A', 3);
        CREATE TABLE half (id integer);
        INSERT INTO ward VALUES (uuidv7(), 'Secret A', 3);`,
    });
    const error = await migrate(store, target).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({
      code: 'MIGRATION_FAILED',
      message: expect.stringMatching(/20260103000000_broken[^]*ward_name_key/) as string,
    });
    expect(String(error)).not.toContain('Secret');
    const kept = await rowsOf<{ logs: string }>(
      target,
      'SELECT logs FROM _prisma_migrations WHERE logs IS NOT NULL',
    );
    expect(kept).toEqual([{ logs: expect.stringContaining('ward_name_key') as string }]);
    expect(JSON.stringify(kept)).not.toContain('Secret');
    expect(await rowsOf(target, `SELECT to_regclass('half') AS half`)).toEqual([{ half: null }]);
    expect(await rowsOf(target, 'SELECT FROM ward')).toHaveLength(0);
  });

  it('refuses to go on after a failure until told to try again', async () => {
    const target = server.newDatabase();
    const store = await ward({ '20260101000000_broken': 'SELECT 1 / 0' });
    await expect(migrate(store, target)).rejects.toMatchObject({ code: 'MIGRATION_FAILED' });
    await addMigration(store, '20260101000000_broken', 'CREATE TABLE mended (id integer)');
    await expect(migrate(store, target)).rejects.toMatchObject({ code: 'MIGRATION_FAILED' });
    expect((await checkDrift(store, target)).failed).toEqual(['20260101000000_broken']);
    const { applied } = await migrate(store, target, { retryFailed: true });
    expect(applied).toEqual(['20260101000000_broken']);
    expect(hasDrift(await checkDrift(store, target))).toBe(false);
  });

  it('refuses an applied migration whose file has changed', async () => {
    const target = server.newDatabase();
    const store = await ward();
    await migrate(store, target);
    await addMigration(store, '20260102000000_rules', `${wardRules}SELECT 1;`);
    await expect(migrate(store, target)).rejects.toMatchObject({
      code: 'MIGRATION_EDITED',
      message: expect.stringContaining('20260102000000_rules') as string,
    });
    expect((await checkDrift(store, target)).edited).toEqual(['20260102000000_rules']);
  });

  it('names a migration folder without its file', async () => {
    const store = await ward();
    await addMigration(store, '20260103000000_empty', '');
    await rm(join(store.directory, 'migrations', '20260103000000_empty', 'migration.sql'));
    await expect(migrate(store, server.newDatabase())).rejects.toMatchObject({
      code: 'MIGRATION_FILES_INVALID',
    });
  });
});

describe('checkDrift', () => {
  it('finds nothing in a fresh database, raw SQL and all, and leaves nothing behind', async () => {
    const store = await ward();
    const target = server.newDatabase();
    await migrate(store, target);
    const report = await checkDrift(store, target);
    expect(describeDrift(report)).toEqual([]);
    expect(hasDrift(report)).toBe(false);
    const scratch = `SELECT datname FROM pg_database WHERE datname LIKE 'caregraph_scratch%'`;
    expect(await rowsOf(target, scratch)).toEqual([]);
  });

  it('tells a missing database and migrations that wait', async () => {
    const store = await ward();
    const target = server.newDatabase();
    expect(await checkDrift(store, target)).toMatchObject({
      databaseMissing: true,
      unapplied: names,
    });
    await migrate(store, target);
    await addMigration(store, '20260103000000_more', 'CREATE TABLE more (id integer)');
    const report = await checkDrift(store, target);
    expect(describeDrift(report)).toEqual(['not applied: 20260103000000_more']);
  });

  it('tells a migration that this checkout does not have', async () => {
    const target = server.newDatabase();
    await migrate(await ward(), target);
    const older = await ward({ [names[0] ?? '']: Object.values(wardMigrations)[0] ?? '' });
    expect((await checkDrift(older, target)).unknown).toEqual(['20260102000000_rules']);
  });

  it.each([
    ['a column', 'ALTER TABLE ward DROP COLUMN capacity', 'missing', 'column public.ward.capacity'],
    [
      'a check',
      'ALTER TABLE ward DROP CONSTRAINT ward_capacity_check',
      'missing',
      'constraint ward_capacity_check on public.ward',
    ],
    ['a partial index', 'DROP INDEX bed_taken', 'missing', 'index public.bed_taken'],
    ['a default', 'ALTER TABLE bed ALTER state DROP DEFAULT', 'changed', 'column public.bed.state'],
    ['a table', 'CREATE TABLE stray (id integer)', 'unexpected', 'table public.stray'],
    ['a trigger', 'DROP TRIGGER ward_trim ON ward', 'missing', 'trigger ward_trim on public.ward'],
    [
      'a disabled trigger',
      'ALTER TABLE ward DISABLE TRIGGER ward_trim',
      'changed',
      'trigger ward_trim on public.ward',
    ],
    ['an enum', `ALTER TYPE "BedState" ADD VALUE 'LOST'`, 'changed', 'type public."BedState"'],
    [
      'a function',
      `CREATE OR REPLACE FUNCTION trim_name() RETURNS trigger LANGUAGE plpgsql
       AS $$ BEGIN RETURN NEW; END $$`,
      'changed',
      'function public.trim_name()',
    ],
  ])('finds %s changed by hand', async (_what, sql, kind, object) => {
    const store = await ward();
    const target = server.newDatabase();
    await migrate(store, target);
    await rowsOf(target, sql);
    const { changes } = await checkDrift(store, target);
    expect(changes).toContainEqual(expect.objectContaining({ kind, object }));
  });
});
