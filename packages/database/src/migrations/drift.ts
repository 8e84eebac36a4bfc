import pg from 'pg';
import type { DiagnoseMigrationHistoryOutput } from '@prisma/schema-engine-wasm';
import type { DatabaseTarget } from '../target.ts';
import { compareCatalogues, readCatalogue, type SchemaChange } from './catalogue.ts';
import { withSchemaEngine } from './schema-engine.ts';
import { createScratchDatabase, withClient } from './scratch-database.ts';
import {
  engineMigrations,
  readMigrations,
  type MigrationFile,
  type StoreFiles,
} from './store-files.ts';

/** How a database differs from what its migrations say; empty lists mean no difference. */
export interface DriftReport {
  readonly store: string;
  readonly databaseMissing: boolean;
  /** On disk, not in the database: `migrate` applies them. */
  readonly unapplied: readonly string[];
  /** In the database, not on disk: the checkout is older than the database. */
  readonly unknown: readonly string[];
  /** Applied, and the file has changed since. */
  readonly edited: readonly string[];
  /** Begun and not finished. */
  readonly failed: readonly string[];
  /** Objects that someone changed by hand; not looked for when files are edited or unknown. */
  readonly changes: readonly SchemaChange[];
}

/**
 * Compares a database with the migrations of its store. The applied migrations are run in a scratch
 * database on `shadow` (the target's server when absent; needs the right CREATEDB there), and every
 * schema object of the two is compared, those too that Prisma does not know.
 *
 * @example if (hasDrift(await checkDrift(storeFiles('patient'), target))) process.exitCode = 1;
 */
export async function checkDrift(
  store: StoreFiles,
  target: DatabaseTarget,
  shadow: DatabaseTarget = target,
): Promise<DriftReport> {
  const migrations = await readMigrations(store);
  if (!(await databaseExists(target))) {
    return { ...nothing(store), databaseMissing: true, unapplied: migrations.map((m) => m.name) };
  }
  const diagnosis = await withSchemaEngine(target, (engine) =>
    engine.diagnoseMigrationHistory({
      migrationsList: engineMigrations(store, migrations),
      optInToShadowDatabase: false,
      filters: { externalTables: [], externalEnums: [] },
    }),
  );
  const { unapplied, unknown } = historyOf(diagnosis);
  const failed = diagnosis.failedMigrationNames;
  const edited = diagnosis.editedMigrationNames.filter((name) => !failed.includes(name));
  const comparable = edited.length === 0 && unknown.length === 0;
  const waiting = new Set([...unapplied, ...failed]);
  const applied = migrations.filter(({ name }) => !waiting.has(name));
  const changes = comparable ? await findChanges(applied, target, shadow) : [];
  return { ...nothing(store), unapplied, unknown, edited, failed, changes };
}

/** True when a report tells of anything. */
export function hasDrift(report: DriftReport): boolean {
  const lists = [report.unapplied, report.unknown, report.edited, report.failed, report.changes];
  return report.databaseMissing || lists.some((list) => list.length > 0);
}

/** The report as lines for an operator. */
export function describeDrift(report: DriftReport): string[] {
  return [
    ...(report.databaseMissing ? ['the database does not exist'] : []),
    ...report.unapplied.map((name) => `not applied: ${name}`),
    ...report.unknown.map((name) => `applied, but its file is missing here: ${name}`),
    ...report.edited.map((name) => `edited after it was applied: ${name}`),
    ...report.failed.map((name) => `failed: ${name}`),
    ...report.changes.map(
      ({ kind, object, expected, found }) =>
        `${kind}: ${object}${kind === 'changed' ? ` is ${found}, expected ${expected}` : ''}`,
    ),
  ];
}

function nothing(store: StoreFiles): DriftReport {
  return {
    store: store.name,
    databaseMissing: false,
    unapplied: [],
    unknown: [],
    edited: [],
    failed: [],
    changes: [],
  };
}

function historyOf({ history }: DiagnoseMigrationHistoryOutput): {
  unapplied: string[];
  unknown: string[];
} {
  switch (history?.diagnostic) {
    case undefined:
      return { unapplied: [], unknown: [] };
    case 'databaseIsBehind':
      return { unapplied: history.unappliedMigrationNames, unknown: [] };
    case 'migrationsDirectoryIsBehind':
      return { unapplied: [], unknown: history.unpersistedMigrationNames };
    case 'historiesDiverge':
      return {
        unapplied: history.unappliedMigrationNames,
        unknown: history.unpersistedMigrationNames,
      };
  }
}

async function findChanges(
  applied: readonly MigrationFile[],
  target: DatabaseTarget,
  shadow: DatabaseTarget,
): Promise<SchemaChange[]> {
  const scratch = await createScratchDatabase(shadow);
  try {
    await withClient(scratch.target, async (client) => {
      for (const { sql } of applied) await client.query(sql);
    });
    const [expected, found] = await Promise.all([
      readCatalogue(scratch.target),
      readCatalogue(target),
    ]);
    return compareCatalogues(expected, found);
  } finally {
    await scratch.drop();
  }
}

async function databaseExists(target: DatabaseTarget): Promise<boolean> {
  try {
    await withClient(target, async () => undefined);
    return true;
  } catch (error) {
    if (error instanceof pg.DatabaseError && error.code === '3D000') return false;
    throw error;
  }
}
