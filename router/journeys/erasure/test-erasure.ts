import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeSigningKey, type SigningKey } from '@caregraph/access';
import { systemClock, type Clock } from '@caregraph/clock';
import { storeNames, type DatabasePool, type StoreName } from '@caregraph/database';
import { openErasures } from '@caregraph/deployment/erasures';
import {
  createErasureSigner,
  openErasureList,
  type Erasure,
  type ErasureList,
} from '@caregraph/erasure';
import type { JourneyStack } from '../test-stack.ts';

type Pools = Readonly<Record<StoreName, DatabasePool>>;

/** An erasure over the stores of a journey, with a list and a key of its own. */
export interface TestErasure {
  readonly directory: string;
  readonly key: SigningKey;
  readonly list: ErasureList;
  readonly erasure: Erasure;
  /** The same list over other pools, as after a restore. */
  over(pools: Pools, keyPool: DatabasePool, clock?: Clock): Erasure;
  stop(): Promise<void>;
}

export async function createTestErasure(stack: JourneyStack): Promise<TestErasure> {
  const folder = await mkdtemp(join(tmpdir(), 'caregraph-erasures-'));
  const directory = join(folder, 'erasures');
  const key = await makeSigningKey();
  const over = (pools: Pools, keyPool: DatabasePool, clock: Clock = systemClock) =>
    openErasures({ place: { directory }, key, pools, keyPool, clock });
  const list = openErasureList({ directory, keys: { keys: [key.publicJwk] } });
  await mkdir(directory);
  await list.start(createErasureSigner(key), systemClock.now());
  return {
    ...{ directory, key, over, list },
    erasure: over(stack.deployment.pools, stack.keys.keyPool),
    stop: () => rm(folder, { recursive: true }),
  };
}

/**
 * Where a text stands in the stores, as `store.table.column`: every column of every table is looked
 * at, whatever its type.
 */
export async function placesOf(pools: Pools, texts: readonly string[]): Promise<string[]> {
  const found = await Promise.all(storeNames.map((store) => placesIn(pools[store], store, texts)));
  return found.flat().sort();
}

export async function placesIn(
  pool: DatabasePool,
  store: string,
  texts: readonly string[],
): Promise<string[]> {
  const { rows } = await pool.query<{ schema: string; table: string; column: string }>(
    `SELECT c.table_schema AS schema, c.table_name AS table, c.column_name AS column
     FROM information_schema.columns c JOIN information_schema.tables t
       USING (table_schema, table_name)
     WHERE t.table_type = 'BASE TABLE' AND c.table_schema NOT IN ('pg_catalog', 'information_schema')`,
  );
  if (rows.length === 0) throw new Error(`there is no table in ${store}`);
  const found: string[] = [];
  for (const { schema, table, column } of rows) {
    const { rowCount } = await pool.query(
      `SELECT FROM "${schema}"."${table}" WHERE EXISTS (
         SELECT FROM unnest($1::text[]) AS one (text) WHERE strpos("${column}"::text, text) > 0)
       LIMIT 1`,
      [texts.flatMap(spellings)],
    );
    if (rowCount === 1) found.push(`${schema === 'public' ? store : schema}.${table}.${column}`);
  }
  return found;
}

/** As text, as bytes of text, and as the bytes of a UUID: bytes are shown in hexadecimal. */
function spellings(text: string): string[] {
  return [text, Buffer.from(text).toString('hex'), text.replaceAll('-', '')];
}

/** The ids of everything that hangs on a person, store by store, and what they were called. */
export async function traceOf(pools: Pools, patientId: string): Promise<string[]> {
  const queries: readonly (readonly [StoreName, string])[] = [
    ['patient', 'SELECT id FROM identifier WHERE patient_id = $1'],
    ['patient', 'SELECT id FROM relationship WHERE $1 IN (from_patient_id, to_patient_id)'],
    ['patient', 'SELECT id FROM break_glass_grant WHERE patient_id = $1'],
    ...['checkup', 'checkup_disease', 'pregnancy', 'immunization', 'referral', 'task'].map(
      (table) => ['clinical', `SELECT id FROM ${table} WHERE patient_id = $1`] as const,
    ),
    ...['allergy', 'prescription', 'prescription_item', 'dispensing'].map(
      (table) => ['prescription', `SELECT id FROM ${table} WHERE patient_id = $1`] as const,
    ),
  ];
  const ids: string[] = [];
  for (const [store, sql] of queries) {
    const { rows } = await pools[store].query<{ id: string }>(sql, [patientId]);
    ids.push(...rows.map((row) => row.id));
  }
  return ids;
}

/** Everyone in a district, by id. */
export async function everybody(pools: Pools): Promise<string[]> {
  const { rows } = await pools.patient.query<{ id: string }>('SELECT id FROM patient ORDER BY id');
  return rows.map((row) => row.id);
}

/** A single value of one row. */
export async function valueOf<T>(pool: DatabasePool, sql: string, ...values: unknown[]) {
  const { rows } = await pool.query<{ value: T }>(sql, values);
  const [row] = rows;
  if (row === undefined) throw new Error(`nothing is there: ${sql}`);
  return row.value;
}
