import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '../embedded/embedded-postgres.ts';
import { DatabaseSetupError, type DatabaseTarget } from '../target.ts';
import { findDataLoss } from './data-loss.ts';
import { findRawObjects, withoutRawDrops } from './raw-objects.ts';
import { withSchemaEngine } from './schema-engine.ts';
import {
  engineMigrations,
  migrationLockFile,
  readMigrations,
  readSchema,
  type StoreFiles,
} from './store-files.ts';

export interface WriteMigrationOptions {
  /** The instant that the folder is named after. */
  readonly now: Date;
  readonly log: (message: string) => void;
  /** A server on which a scratch database may be made; a temporary embedded one when absent. */
  readonly shadow?: DatabaseTarget;
  /** Write a migration also when the schema asks for no change, to be filled with SQL by hand. */
  readonly allowEmpty?: boolean;
}

export interface WrittenMigration {
  readonly name: string;
  readonly path: string;
  readonly sql: string;
  /** What it may destroy, one sentence each. */
  readonly dataLoss: readonly string[];
}

/**
 * Writes `migrations/<timestamp>_<name>/migration.sql`: the SQL that leads from what the migrations
 * so far build to what the schema files say. Nothing is applied.
 *
 * @returns undefined when the schema asks for no change
 * @throws DatabaseSetupError `SCHEMA_INVALID`, `MIGRATION_FILES_INVALID`
 * @example await writeMigration(storeFiles('patient'), 'add_consent', { now: clock.now(), log })
 */
export async function writeMigration(
  store: StoreFiles,
  name: string,
  options: WriteMigrationOptions,
): Promise<WrittenMigration | undefined> {
  const slug = slugOf(name);
  const sql = options.shadow
    ? await nextMigration(store, options.shadow)
    : await withTemporaryServer(options.log, (server) => nextMigration(store, server));
  if (sql === '' && options.allowEmpty !== true) return undefined;
  const folder = `${timestampOf(options.now)}_${slug}`;
  const base = join(store.directory, 'migrations');
  await mkdir(join(base, folder), { recursive: true });
  const path = join(base, folder, 'migration.sql');
  await writeFile(path, sql === '' ? '-- Written by hand.\n' : sql, { flag: 'wx' });
  await writeFile(join(base, 'migration_lock.toml'), migrationLockFile);
  return { name: folder, path, sql, dataLoss: findDataLoss(sql) };
}

/** The SQL that the schema asks for beyond the migrations; empty when none. */
export async function nextMigration(store: StoreFiles, shadow: DatabaseTarget): Promise<string> {
  const migrations = await readMigrations(store);
  const schema = await readSchema(store);
  const raw = findRawObjects(migrations);
  return withSchemaEngine(shadow, async (engine) => {
    try {
      const { stdout } = await engine.diff({
        from: { tag: 'migrations', ...engineMigrations(store, migrations) },
        to: { tag: 'schemaDatamodel', ...schema },
        script: true,
        exitCode: true,
        filters: {
          externalTables: [...raw.tables].map((table) => `public.${table}`),
          externalEnums: [],
        },
      });
      return withoutRawDrops(stdout ?? '', raw);
    } catch (cause) {
      const text = cause instanceof Error ? cause.message : String(cause);
      throw new DatabaseSetupError('SCHEMA_INVALID', `Store ${store.name}: ${text}`, { cause });
    }
  });
}

async function withTemporaryServer<T>(
  log: (message: string) => void,
  work: (server: DatabaseTarget) => Promise<T>,
): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'caregraph-migration-'));
  try {
    const server = await startEmbeddedPostgres({ dataDirectory: directory, log });
    try {
      return await work(server.target);
    } finally {
      await server.stop();
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function slugOf(name: string): string {
  const slug = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '');
  if (slug !== '') return slug.slice(0, 100);
  throw new DatabaseSetupError(
    'MIGRATION_FILES_INVALID',
    'A migration needs a name of letters and digits, such as "add_consent"',
  );
}

function timestampOf(now: Date): string {
  return now.toISOString().replace(/\D/g, '').slice(0, 14);
}
