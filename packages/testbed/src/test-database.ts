import {
  migrate,
  onDatabase,
  parseDatabaseUrl,
  storeFiles,
  type DatabaseName,
  type DatabaseTarget,
} from '@caregraph/database';
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { inject } from 'vitest';
import { askDesk, serviceUrl } from './service-url.ts';

export type TestDatabase = {
  readonly target: DatabaseTarget;
  readonly url: string;
  /** Ends every connection and removes the database; safe to call twice. */
  drop(): Promise<void>;
};

/** Serialises the making of templates between the processes of a run (any constant will do). */
const templateLock = 7_241_996;

/**
 * A database of its own for a test file, with all migrations of `store` applied. They run once a
 * run, into a template; every further database is a copy of files, some tens of milliseconds.
 *
 * @throws Error when this machine can have no PostgreSQL; DatabaseSetupError from a migration
 * @example
 *   const database = await createTestDatabase('patient');
 *   afterAll(() => database.drop());
 */
export async function createTestDatabase(store: DatabaseName): Promise<TestDatabase> {
  const server = parseDatabaseUrl(await serviceUrl('postgres'));
  const run = inject('testRun');
  const template = await migratedTemplate(server, run, store);
  const name = `${run}_${store}_${randomBytes(6).toString('hex')}`;
  await onServer(server, (client) => client.query(`CREATE DATABASE ${name} TEMPLATE ${template}`));
  const target = onDatabase(server, name);
  return {
    target,
    url: urlOf(target),
    async drop() {
      await onServer(server, (client) => drop(client, name));
    },
  };
}

/** Removes what the test files of a run left: its templates, and databases of failed files. */
export async function dropRunDatabases(desk: string, run: string): Promise<void> {
  const server = parseDatabaseUrl(await askDesk(desk, 'postgres'));
  await onServer(server, async (client) => {
    const { rows } = await client.query<{ datname: string }>(
      'SELECT datname FROM pg_database WHERE starts_with(datname, $1)',
      [`${run}_`],
    );
    for (const { datname } of rows) await drop(client, datname);
  });
}

async function migratedTemplate(
  server: DatabaseTarget,
  run: string,
  store: DatabaseName,
): Promise<string> {
  const template = `${run}_template_${store}`;
  await onServer(server, async (client) => {
    await client.query('SELECT pg_advisory_lock($1)', [templateLock]);
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [
      template,
    ]);
    if (rowCount === 1) return;
    // Renamed only when whole, so that a failed migration never passes for a template.
    const unfinished = `${template}_unfinished`;
    await drop(client, unfinished);
    await migrate(storeFiles(store), onDatabase(server, unfinished));
    await client.query(`ALTER DATABASE ${unfinished} RENAME TO ${template}`);
  });
  return template;
}

/** A pool that has ended may still be closing its last connection: forcing it off is an error there. */
async function drop(client: pg.Client, database: string): Promise<void> {
  for (let look = 0; look < 100; look += 1) {
    const sessions = 'SELECT 1 FROM pg_stat_activity WHERE datname = $1 LIMIT 1';
    if ((await client.query(sessions, [database])).rowCount === 0) break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await client.query(`DROP DATABASE IF EXISTS ${database} WITH (FORCE)`);
}

/** The lock and everything else of `work` end with its connection. */
async function onServer<T>(
  server: DatabaseTarget,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({ ...server });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

function urlOf({ user, password, host, port, database }: DatabaseTarget): string {
  const secret = password === '' ? '' : `:${encodeURIComponent(password)}`;
  return `postgresql://${encodeURIComponent(user)}${secret}@${host}:${port}/${database}`;
}
