import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { whenMissing } from '@caregraph/files';
import type { MigrationList, SchemasContainer } from '@prisma/schema-engine-wasm';
import { DatabaseSetupError } from '../target.ts';

/** The stores of the five subgraphs. */
export const storeNames = ['patient', 'clinical', 'prescription', 'institution', 'audit'] as const;
export type StoreName = (typeof storeNames)[number];

/** The databases that Prisma clients are generated for. */
export const clientNames = [...storeNames, 'identity'] as const;
type ClientName = (typeof clientNames)[number];

/** Every database of a deployment: the stores of the subgraphs, identity's, and that of the keys. */
export const databaseNames = [...clientNames, 'keys'] as const;
export type DatabaseName = (typeof databaseNames)[number];

/** A store on disk: `schema/*.prisma` and `migrations/` below its directory. */
export interface StoreFiles {
  readonly name: string;
  readonly directory: string;
}

/** One migration as it lies on disk. */
export interface MigrationFile {
  readonly name: string;
  readonly sql: string;
  /** SHA-256 of the file, as Prisma keeps it in `_prisma_migrations`. */
  readonly checksum: string;
}

const lockFile = `# Written by \`caregraph migration\`; says which database the SQL is for.
provider = "postgresql"
`;

export const repositoryRoot = fileURLToPath(new URL('../../../..', import.meta.url));

/**
 * The files of one of the stores of this repository.
 *
 * @example await migrate(storeFiles('patient'), target)
 */
export function storeFiles(name: DatabaseName, root: string = repositoryRoot): StoreFiles {
  return { name, directory: join(root, 'prisma', name) };
}

/** What the database of a store is called on a server that several stores share. */
export function storeDatabase(name: DatabaseName): string {
  return `caregraph_${name}`;
}

/** Where the generated client of a store lies: with the workspace that owns the store. */
export function clientFolder(name: ClientName, root: string = repositoryRoot): string {
  return name === 'identity'
    ? join(root, 'identity', 'generated')
    : join(root, 'subgraphs', name, 'generated');
}

/** Reads the migrations in order. @throws DatabaseSetupError `MIGRATION_FILES_INVALID` */
export async function readMigrations(store: StoreFiles): Promise<MigrationFile[]> {
  const base = join(store.directory, 'migrations');
  const names = (await listDirectories(base)).sort();
  return Promise.all(
    names.map(async (name) => {
      const sql = await readMigrationSql(store, join(base, name, 'migration.sql'));
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
    }),
  );
}

async function readMigrationSql(store: StoreFiles, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new DatabaseSetupError(
      'MIGRATION_FILES_INVALID',
      `Store ${store.name}: ${path} cannot be read; remove its folder or restore the file`,
      { cause },
    );
  }
}

async function listDirectories(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch(whenMissing([]));
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
}

/** The migrations in the form that the schema engine takes. */
export function engineMigrations(
  store: StoreFiles,
  migrations: readonly MigrationFile[],
): MigrationList {
  return {
    baseDir: join(store.directory, 'migrations'),
    // The engine refuses migrations without a lock file; what it says never differs here.
    lockfile: { path: 'migration_lock.toml', content: lockFile },
    shadowDbInitScript: '',
    migrationDirectories: migrations.map(({ name, sql }) => ({
      path: name,
      migrationFile: { path: 'migration.sql', content: { tag: 'ok', value: sql } },
    })),
  };
}

/** All schema files of a store, sorted by path. @throws DatabaseSetupError `SCHEMA_INVALID` */
export async function readSchema(store: StoreFiles): Promise<SchemasContainer> {
  const base = join(store.directory, 'schema');
  const names = (await readdir(base, { recursive: true })).filter((n) => n.endsWith('.prisma'));
  if (names.length === 0) {
    throw new DatabaseSetupError('SCHEMA_INVALID', `Store ${store.name}: no .prisma in ${base}`);
  }
  const files = names.sort().map(async (name) => ({
    path: join(base, name),
    content: await readFile(join(base, name), 'utf8'),
  }));
  return { files: await Promise.all(files) };
}

export { lockFile as migrationLockFile };
