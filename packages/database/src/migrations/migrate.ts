import pg from 'pg';
import { pollUntil } from '../poll.ts';
import { DatabaseSetupError, onDatabase, type DatabaseTarget } from '../target.ts';
import { withSchemaEngine } from './schema-engine.ts';
import { withClient } from './scratch-database.ts';
import { engineMigrations, readMigrations, type StoreFiles } from './store-files.ts';

export interface MigrateOptions {
  /**
   * Mark migrations that failed before as rolled back, and try them again. Safe after a failed
   * statement, because a migration is applied whole or not at all.
   */
  readonly retryFailed?: boolean;
}

export interface MigrateResult {
  readonly createdDatabase: boolean;
  /** Names of the migrations that were applied now; empty when there was nothing to do. */
  readonly applied: readonly string[];
}

/** The lock that Prisma's engine takes around a deploy (documented as migrate-advisory-locking). */
const prismaLock = 72707369;
const noFilter = { externalTables: [], externalEnums: [] };
const lockTimeoutMs = 600_000;

/**
 * Makes the database when it is missing and applies the migrations that it lacks, each whole or not
 * at all. What it leaves in `_prisma_migrations` is what `prisma migrate deploy` would have left,
 * so both tools may take turns. Deploys at the same time wait for each other.
 *
 * @throws DatabaseSetupError `MIGRATION_EDITED` when an applied file has changed since,
 *   `MIGRATION_FAILED` when one fails now or did before, `MIGRATION_FILES_INVALID`
 * @example await migrate(storeFiles('patient'), parseDatabaseUrl(config.databaseUrlPatient))
 */
export async function migrate(
  store: StoreFiles,
  target: DatabaseTarget,
  options: MigrateOptions = {},
): Promise<MigrateResult> {
  const migrations = await readMigrations(store);
  const createdDatabase = await ensureDatabase(target);
  if (options.retryFailed === true) await forgetFailures(target);
  const migrationsList = engineMigrations(store, migrations);
  const applied = await withSchemaEngine(target, async (engine) => {
    const { editedMigrationNames, failedMigrationNames } = await engine.diagnoseMigrationHistory({
      migrationsList,
      optInToShadowDatabase: false,
      filters: noFilter,
    });
    // A failed migration is meant to be edited.
    const changed = editedMigrationNames.filter((name) => !failedMigrationNames.includes(name));
    if (changed.length > 0) throw edited(store, changed);
    const applying = async (): Promise<readonly string[] | undefined> => {
      try {
        const result = await engine.applyMigrations({ migrationsList, filters: noFilter });
        return result.appliedMigrationNames;
      } catch (error) {
        // The engine gives up waiting for another deploy after 10 s; a large one may take longer.
        if (messageOf(error).includes('advisory lock')) return undefined;
        throw failed(store, error);
      }
    };
    const names = await pollUntil(applying, { timeoutMs: lockTimeoutMs });
    if (names) return names;
    throw new DatabaseSetupError(
      'MIGRATION_FAILED',
      `Store ${store.name}: another deploy has held the migration lock for ten minutes`,
    );
  });
  return { createdDatabase, applied };
}

/** Makes the database of a target when it is missing; true when it did. */
export async function ensureDatabase(target: DatabaseTarget): Promise<boolean> {
  try {
    await withClient(target, async () => undefined);
    return false;
  } catch (error) {
    if (!(error instanceof pg.DatabaseError && error.code === '3D000')) throw error;
  }
  return withClient(onDatabase(target, 'postgres'), async (client) => {
    try {
      await client.query(`CREATE DATABASE ${pg.escapeIdentifier(target.database)}`);
      return true;
    } catch (error) {
      // A deploy at the same time made it first: duplicate_database, or the race on its index.
      const code = error instanceof pg.DatabaseError ? error.code : undefined;
      if (code === '42P04' || code === '23505') return false;
      throw error;
    }
  });
}

/** Under the deploy lock, a migration without an end is one that failed, not one that runs. */
async function forgetFailures(target: DatabaseTarget): Promise<void> {
  await withClient(target, async (client) => {
    await client.query('SELECT pg_advisory_lock($1)', [prismaLock]);
    const { rows } = await client.query<{ known: boolean }>(
      `SELECT to_regclass('_prisma_migrations') IS NOT NULL AS known`,
    );
    if (rows[0]?.known !== true) return;
    await client.query(
      `UPDATE _prisma_migrations SET rolled_back_at = now()
       WHERE finished_at IS NULL AND rolled_back_at IS NULL`,
    );
  });
}

function edited(store: StoreFiles, names: readonly string[]): DatabaseSetupError {
  return new DatabaseSetupError(
    'MIGRATION_EDITED',
    `Store ${store.name}: ${names.join(', ')} changed after being applied. ` +
      'Restore the file, and write the change as a new migration.',
  );
}

function failed(store: StoreFiles, error: unknown): DatabaseSetupError {
  const words = messageOf(error);
  const name = /migration_name="([^"]+)"/.exec(words)?.[1];
  // Behind the first line of its trace the engine only tells where it was in its own source.
  const reason = words
    .replace(/\n\s*0: [^]*$/, '')
    .replace(/^external connector error\n/, '')
    .trim();
  const at = name === undefined ? '' : ` migration ${name}:`;
  const before = words.includes('found failed migrations')
    ? '\nCorrect its file, then run: caregraph migrate --retry-failed'
    : '';
  return new DatabaseSetupError(
    'MIGRATION_FAILED',
    `Store ${store.name}:${at} ${reason}${before}`,
    { cause: error },
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
