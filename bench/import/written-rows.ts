import pg from 'pg';
import type { DatabasePool } from '@caregraph/database';
import type { StorePools } from '../stores/open-stores.ts';

/** The rows of one table that an import left behind, as JSON texts. */
export interface WrittenTable {
  readonly store: string;
  readonly table: string;
  readonly rows: readonly string[];
}

/** The name of the schema with the bare tables: the same columns, and nothing else. */
const bare = 'bare';
const rowsInStatement = 500;

/** The next transaction of each database: rows from then on are what comes now. */
export async function markNow({ pools }: StorePools): Promise<string> {
  const [pool] = pools.values();
  // All databases of a server share the counter of transactions.
  const { rows } = await one(pool).query<{ now: string }>(
    'SELECT pg_current_xact_id()::text AS now',
  );
  return one(rows[0]).now;
}

/** Everything that was written since a mark, in all stores. */
export async function rowsSince({ pools }: StorePools, mark: string): Promise<WrittenTable[]> {
  const written: WrittenTable[] = [];
  for (const [store, pool] of pools) {
    for (const table of await tablesOf(pool)) {
      const { rows } = await pool.query<{ row: string }>(
        `SELECT to_jsonb(one)::text AS row FROM ${pg.escapeIdentifier(table)} AS one
         WHERE xmin::text::bigint >= $1`,
        [mark],
      );
      if (rows.length > 0) written.push({ store, table, rows: rows.map(({ row }) => row) });
    }
  }
  return written;
}

async function tablesOf(pool: DatabasePool): Promise<string[]> {
  const { rows } = await pool.query<{ name: string }>(
    `SELECT tablename AS name FROM pg_tables
     WHERE schemaname = 'public' AND tablename <> '_prisma_migrations' ORDER BY tablename`,
  );
  return rows.map(({ name }) => name);
}

/** Makes empty tables without keys, indexes or constraints. */
export async function makeBareTables(stores: StorePools, written: readonly WrittenTable[]) {
  for (const pool of stores.pools.values()) {
    await pool.query(`DROP SCHEMA IF EXISTS ${bare} CASCADE`);
    await pool.query(`CREATE SCHEMA ${bare}`);
  }
  for (const { store, table } of written) {
    const name = pg.escapeIdentifier(table);
    const sql = `CREATE TABLE ${bare}.${name} AS SELECT * FROM ${name} WHERE false`;
    await one(stores.pools.get(store)).query(sql);
  }
}

/** The floor: the same rows by multi-row INSERTs, 500 rows a statement. */
export async function insertBare(stores: StorePools, written: readonly WrittenTable[]) {
  for (const { store, table, rows } of written) {
    const pool = one(stores.pools.get(store));
    const name = `${bare}.${pg.escapeIdentifier(table)}`;
    const sql = `INSERT INTO ${name} SELECT * FROM jsonb_populate_recordset(NULL::${name}, $1::jsonb)`;
    for (let at = 0; at < rows.length; at += rowsInStatement) {
      await pool.query(sql, [`[${rows.slice(at, at + rowsInStatement).join(',')}]`]);
    }
  }
}

/** @throws Error unless the bare tables hold exactly the rows that the import wrote */
export async function requireSameRows(stores: StorePools, written: readonly WrittenTable[]) {
  for (const { store, table, rows } of written) {
    const answer = await one(stores.pools.get(store)).query<{ row: string }>(
      `SELECT to_jsonb(one)::text AS row FROM ${bare}.${pg.escapeIdentifier(table)} AS one`,
    );
    const found = answer.rows.map(({ row }) => row).toSorted();
    const wanted = rows.toSorted();
    const same = found.length === wanted.length && found.every((row, at) => row === wanted[at]);
    if (!same) throw new Error(`${store}.${table} differs from what the import wrote`);
  }
}

function one<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the query gave nothing');
  return value;
}
