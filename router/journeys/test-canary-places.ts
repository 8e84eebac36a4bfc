import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import pg from 'pg';
import type { DatabaseTarget } from '@caregraph/database';

/** Bytes that something was written into, with a name for the person who reads the failure. */
export interface Place {
  readonly name: string;
  readonly bytes: Buffer;
}

async function withClient<T>(
  target: DatabaseTarget,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({ ...target });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Every row of every table of a database as text, and what the server keeps about them. */
export async function dumpDatabase(name: string, target: DatabaseTarget): Promise<Place[]> {
  return withClient(target, async (client) => {
    // Statistics hold the commonest values of each column.
    await client.query('ANALYZE');
    const { rows } = await client.query<{ table: string }>(
      `SELECT format('%I.%I', schemaname, tablename) AS table FROM pg_tables
       WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1`,
    );
    const kept = [
      'pg_catalog.pg_statistic',
      'pg_catalog.pg_stat_activity',
      'pg_catalog.pg_description',
    ];
    const places: Place[] = [];
    for (const table of [...rows.map((row) => row.table), ...kept]) {
      const { rows: lines } = await client.query<{ line: string }>(
        `SELECT t::text AS line FROM ${table} t`,
      );
      const text = lines.map(({ line }) => line).join('\n');
      places.push({ name: `${name} ${table}`, bytes: Buffer.from(text) });
    }
    return places;
  });
}

/** The columns of blind indexes in a database, each with its distinct values. */
export async function blindIndexes(
  target: DatabaseTarget,
): Promise<{ column: string; values: string[] }[]> {
  return withClient(target, async (client) => {
    const { rows } = await client.query<{ name: string; column: string; list: boolean }>(
      `SELECT table_name AS name, column_name AS column, data_type = 'ARRAY' AS list
       FROM information_schema.columns
       WHERE table_schema = 'public' AND column_name ~ '_(index|tokens)$'`,
    );
    const found: { column: string; values: string[] }[] = [];
    for (const { name, column, list } of rows) {
      const value = list ? `unnest("${column}")` : `"${column}"`;
      const { rows: held } = await client.query<{ value: string | null }>(
        `SELECT DISTINCT ${value} AS value FROM "${name}"`,
      );
      const values = held.flatMap((row) => (row.value === null ? [] : [row.value]));
      found.push({ column: `${name}.${column}`, values });
    }
    return found;
  });
}

/** The write-ahead log of a server from now on. */
export interface WalWatch {
  /** What was written since, without the headers of pages that cut records into pieces. */
  read(): Promise<Place[]>;
  stop(): Promise<void>;
}

/**
 * Keeps the log of everything that is written from now on, by a replication slot that nobody reads,
 * so that no checkpoint recycles a part of it.
 *
 * @throws when the account is not the server's superuser: a log that is not seen proves nothing
 */
export async function watchWal(target: DatabaseTarget, slot: string): Promise<WalWatch> {
  const client = new pg.Client({ ...target });
  await client.connect();
  await client.query('SELECT pg_switch_wal()');
  await client.query('SELECT pg_create_physical_replication_slot($1, true)', [slot]);
  const current = async () => {
    const sql = 'SELECT pg_walfile_name(pg_current_wal_lsn()) AS name';
    return (await client.query<{ name: string }>(sql)).rows[0]?.name ?? '';
  };
  const first = await current();
  return {
    async read() {
      await client.query('SELECT pg_switch_wal()');
      const { rows } = await client.query<{ name: string }>(
        `SELECT name FROM pg_ls_waldir() WHERE name ~ '^[0-9A-F]{24}$' AND name >= $1 ORDER BY name`,
        [first],
      );
      const last = await current();
      const places: Place[] = [];
      for (const { name } of rows.filter((row) => row.name <= last)) {
        const segment = await client.query<{ bytes: Buffer }>(
          `SELECT pg_read_binary_file('pg_wal/' || $1::text) AS bytes`,
          [name],
        );
        const bytes = segment.rows[0]?.bytes ?? Buffer.alloc(0);
        places.push({ name: `WAL ${name}`, bytes: withoutPageHeaders(bytes) });
      }
      // Records go on from one file to the next as they do from page to page.
      return [{ name: 'WAL', bytes: Buffer.concat(places.map(({ bytes }) => bytes)) }];
    },
    async stop() {
      await client.query('SELECT pg_drop_replication_slot($1)', [slot]);
      await client.end();
    },
  };
}

/** PostgreSQL's xlog_internal.h: 24 bytes before each page of 8 KiB, 40 before a file's first. */
function withoutPageHeaders(segment: Buffer): Buffer {
  const pages: Buffer[] = [];
  for (let at = 0; at < segment.length; at += 8_192) {
    pages.push(segment.subarray(at + (at === 0 ? 40 : 24), at + 8_192));
  }
  return Buffer.concat(pages);
}

/** What a server may be told to write of each statement: everything, with every parameter. */
const talkative = {
  log_statement: 'all',
  log_min_messages: 'warning',
  log_min_error_statement: 'error',
  log_error_verbosity: 'verbose',
  log_parameter_max_length: '-1',
  log_parameter_max_length_on_error: '-1',
};

/** Has the server write down all that is asked of a database by whoever connects from now on. */
export async function logEverything(target: DatabaseTarget): Promise<DatabaseTarget> {
  await withClient(target, async (client) => {
    for (const [setting, value] of Object.entries(talkative)) {
      await client.query(`ALTER DATABASE "${target.database}" SET ${setting} = '${value}'`);
    }
  });
  return target;
}

/**
 * The server's own log: where its collector writes, else where the testbed puts it.
 *
 * @throws Error when it is at neither place: a log that is not seen proves nothing
 */
export async function serverLog(target: DatabaseTarget): Promise<Place> {
  const name = 'log of PostgreSQL';
  return withClient(target, async (client) => {
    const { rows } = await client.query<{ collects: boolean; directory: string }>(
      `SELECT pg_current_logfile() IS NOT NULL AS collects,
         current_setting('data_directory') AS directory`,
    );
    const { collects = false, directory = '' } = rows[0] ?? {};
    if (!collects) return { name, bytes: await readTestbedLog(directory) };
    // The collector begins a new file every ten megabytes.
    const { rows: files } = await client.query<{ bytes: Buffer }>(
      `SELECT pg_read_binary_file(current_setting('log_directory') || '/' || name) AS bytes
       FROM pg_ls_logdir() WHERE modification >= $1 ORDER BY modification`,
      [new Date(performance.timeOrigin)],
    );
    return { name, bytes: Buffer.concat(files.map(({ bytes }) => bytes)) };
  });
}

async function readTestbedLog(dataDirectory: string): Promise<Buffer> {
  const path = join(dirname(dataDirectory), 'server.log');
  try {
    return await readFile(path);
  } catch (cause) {
    const advice = 'start this PostgreSQL with logging_collector=on, so that its log can be read';
    throw new Error(`${advice}; it is not at ${path}`, { cause });
  }
}
