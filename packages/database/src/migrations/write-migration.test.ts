import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { copyWard, useTestServer, wardMigrations, wardTables } from '../fixtures/test-server.ts';
import { migrate } from './migrate.ts';
import type { StoreFiles } from './store-files.ts';
import { writeMigration, type WrittenMigration } from './write-migration.ts';

const server = useTestServer();
const cleanups: (() => Promise<unknown>)[] = [];
const now = new Date('2026-03-04T05:06:07.890Z');

afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

async function ward(migrations: Record<string, string> = wardMigrations): Promise<StoreFiles> {
  const store = await copyWard(migrations);
  cleanups.push(() => store.remove());
  return store;
}

async function edit(store: StoreFiles, from: string, to: string): Promise<void> {
  const path = join(store.directory, 'schema', 'bed.prisma');
  const schema = await readFile(path, 'utf8');
  expect(schema).toContain(from);
  await writeFile(path, schema.replace(from, to));
}

function write(store: StoreFiles, name = 'change'): Promise<WrittenMigration | undefined> {
  return writeMigration(store, name, { now, log: () => undefined, shadow: server.target() });
}

describe('writeMigration', () => {
  it('writes the first migration on a temporary server of its own', async () => {
    const store = await ward({});
    const written = await writeMigration(store, 'Wards & beds!', { now, log: () => undefined });
    expect(written).toMatchObject({
      name: '20260304050607_wards_beds',
      sql: wardTables,
      dataLoss: [],
    });
    const base = join(store.directory, 'migrations');
    expect(await readFile(join(base, '20260304050607_wards_beds/migration.sql'), 'utf8')).toBe(
      wardTables,
    );
    expect(await readFile(join(base, 'migration_lock.toml'), 'utf8')).toContain('"postgresql"');
  });

  it('writes nothing when the schema says nothing new, whatever raw SQL has added', async () => {
    const store = await ward();
    expect(await write(store)).toBeUndefined();
    expect(await readdir(join(store.directory, 'migrations'))).toEqual(Object.keys(wardMigrations));
  });

  it('still drops what the schema had and lost', async () => {
    const store = await ward();
    await edit(store, '  @@index([wardId, state])\n', '');
    expect((await write(store))?.sql).toBe('-- DropIndex\nDROP INDEX "bed_ward_id_state_idx";\n');
  });

  it('warns before a column is lost, and what it wrote can be applied', async () => {
    const store = await ward();
    const target = server.newDatabase();
    await migrate(store, target);
    await edit(store, '  remark     Json?\n', '');
    const written = await write(store);
    expect(written?.dataLoss).toEqual(['drops column bed.remark with all its values']);
    expect((await migrate(store, target)).applied).toEqual([written?.name]);
    expect(await write(store)).toBeUndefined();
  });

  it('keeps a change of an enum in one piece', async () => {
    const store = await ward({ '20260101000000_tables': wardTables });
    const target = server.newDatabase();
    await migrate(store, target);
    await edit(store, 'FREE\n  TAKEN', 'FREE\n  CLEANING');
    const written = await write(store);
    expect(written?.sql).not.toMatch(/^(BEGIN|COMMIT);/m);
    expect(written?.dataLoss).toEqual([expect.stringContaining('BedState')]);
    expect((await migrate(store, target)).applied).toEqual([written?.name]);
  });

  it('says where a schema is wrong', async () => {
    const store = await ward();
    await edit(store, 'capacity Int', 'capacity Number');
    await expect(write(store)).rejects.toMatchObject({
      code: 'SCHEMA_INVALID',
      message: expect.stringContaining('Number') as string,
    });
  });

  it('asks for a name', async () => {
    await expect(write(await ward(), '!!')).rejects.toMatchObject({
      code: 'MIGRATION_FILES_INVALID',
    });
  });
});
