import type pg from 'pg';
import { constraintViolation, type DatabasePool } from '@caregraph/database';
import { expectReadable } from '../field-fault.ts';
import { modelOf, type ModelFields, type Row, type SealedFields } from '../field-map.ts';
import { isRefusal, type KeyOwner } from '../keyring/data-keys.ts';
import type { Keyring } from '../keyring/keyring.ts';
import { keyText } from '../open-rows.ts';
import { SealError, type SealErrorCode } from '../seal-error.ts';
import { createSealing, type SealingDependencies } from '../sealing.ts';
import { columnOf, idField, quoted } from './stored-rows.ts';

/** A store as jobs see it: rows by SQL, and what seals and opens them. */
export interface SealedStore {
  readonly pool: DatabasePool;
  readonly fields: SealedFields;
  readonly sealing: SealingDependencies & Pick<Keyring, 'prepare'>;
  /** Tells what rows lack for their tokens, where that may come later than the row. */
  readonly missing?: MissingContext;
  readonly ownersAmong: OwnersAmong;
}

/** Those among owners of keys of whom the store knows the institution. */
export type OwnersAmong = (ownerIds: readonly string[]) => Promise<readonly KeyOwner[]>;

/** Fills the `within` fields of rows that were written before they were known. */
export interface MissingContext {
  /** Whether there are rows for which it is known now. */
  any(): Promise<boolean>;
  /** The same rows, with what is known of them by now. */
  fill(model: string, rows: readonly Row[]): Promise<Row[]>;
}

type Loose = Readonly<Record<string, Record<string, unknown>>>;

/**
 * Seals rows anew, with the keys and tokens of today, beside live traffic.
 *
 * A row is read again under its lock, so that what somebody writes meanwhile is not put back. Rows
 * that are locked at this moment are left for the end and then waited for one by one, holding
 * nothing else: two who wait for each other cannot come about.
 *
 * @param rows as `nextRows` gave them; they also warm the keys before any lock is taken
 * @returns the rows that do not open, or whose token somebody else's row has: they stay as they are,
 *   and the others are written
 */
export async function rewriteRows(
  store: SealedStore,
  model: string,
  rows: readonly Row[],
): Promise<readonly UnwrittenRow[]> {
  try {
    await rewriteTogether(store, model, rows);
    return [];
  } catch (error) {
    if (faultOfRow(error) === undefined) throw error;
  }
  const id = idField(model, modelOf(store.fields, model));
  const unwritten: UnwrittenRow[] = [];
  for (const row of rows) {
    await rewriteTogether(store, model, [row]).catch((error: unknown) => {
      const code = faultOfRow(error);
      if (code === undefined) throw error;
      unwritten.push({ id: String(row[id]), code });
    });
  }
  return unwritten;
}

/** A row that could not be written, and why. */
export interface UnwrittenRow {
  readonly id: string;
  readonly code: SealErrorCode | 'NOT_UNIQUE' | 'KEY_UNWRAP_REFUSED';
}

/** Faults of a row that stay with it: all others are those of the deployment. */
const faultsOfRows: readonly SealErrorCode[] = [
  'SEAL_VALUE_INVALID',
  'SEAL_VERSION_UNKNOWN',
  'SEAL_NOT_SEALED',
  'SEAL_KEY_UNKNOWN',
  'SEAL_KEY_DAMAGED',
  'SEAL_KEY_EXHAUSTED',
  'SEAL_OWNER_ERASED',
  'SEAL_OPEN_REFUSED',
];

function faultOfRow(error: unknown): UnwrittenRow['code'] | undefined {
  if (error instanceof SealError && faultsOfRows.includes(error.code)) return error.code;
  if (isRefusal(error)) return 'KEY_UNWRAP_REFUSED';
  return constraintViolation(error)?.kind === 'unique' ? 'NOT_UNIQUE' : undefined;
}

async function rewriteTogether(
  store: SealedStore,
  model: string,
  rows: readonly Row[],
): Promise<void> {
  const sealing = createSealing<Loose, Record<string, string>>(store.fields, store.sealing);
  // A row that does not open is left before a key is made for it in place of the one it needs.
  for (const row of await sealing.openRows(model, rows)) expectReadable(row);
  const entry = modelOf(store.fields, model);
  await prepareKeys(store, entry, rows);
  const id = idField(model, entry);
  const waiting = new Set(rows.map((row) => String(row[id])));
  await inTransaction(store.pool, async (client) => {
    const free = await lockRows(client, model, entry, [...waiting], 'SKIP LOCKED');
    await writeRows(client, { store, model, entry }, free);
    for (const row of free) waiting.delete(String(row[id]));
  });
  for (const rowId of waiting) {
    await inTransaction(store.pool, async (client) => {
      const own = await lockRows(client, model, entry, [rowId], '');
      await writeRows(client, { store, model, entry }, own);
    });
  }
}

/** Keys that are missing are made before rows are locked, in the partitions where they belong. */
async function prepareKeys(
  { sealing, ownersAmong }: SealedStore,
  { owner }: ModelFields,
  rows: readonly Row[],
): Promise<void> {
  const ids = rows.flatMap((row) => (owner === null ? [] : (keyText(row[owner]) ?? [])));
  await sealing.prepare(await ownersAmong([...new Set(ids)]));
}

async function inTransaction(
  pool: DatabasePool,
  work: (client: pg.PoolClient) => Promise<void>,
): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    await work(client);
    await client.query('COMMIT');
    client.release();
  } catch (error) {
    // A connection in an unknown state must not come back to the pool.
    client.release(true);
    throw error;
  }
}

async function lockRows(
  client: pg.PoolClient,
  model: string,
  entry: ModelFields,
  ids: readonly string[],
  wait: '' | 'SKIP LOCKED',
): Promise<Row[]> {
  const id = columnOf(entry, idField(model, entry));
  const columns = Object.keys(entry.columns)
    .filter((field) => !Object.hasOwn(entry.blind, field))
    .map((field) => `${columnOf(entry, field)} AS ${quoted(field)}`);
  const { rows } = await client.query<Row>(
    `SELECT ${columns.join(', ')} FROM ${quoted(entry.table)}
     WHERE ${id} = ANY($1::uuid[]) ORDER BY ${id} FOR UPDATE ${wait}`,
    [ids],
  );
  return rows;
}

async function writeRows(
  client: pg.PoolClient,
  target: { readonly store: SealedStore; readonly model: string; readonly entry: ModelFields },
  rows: readonly Row[],
): Promise<void> {
  if (rows.length === 0) return;
  const { store, model, entry } = target;
  const sealing = createSealing<Loose, Record<string, string>>(store.fields, store.sealing);
  const opened: Row[] = await sealing.openRows(model, rows);
  const complete = (await store.missing?.fill(model, opened)) ?? opened;
  const sealed = await sealing.sealRows(model, complete);
  const partitions = Object.values(entry.blind).map((index) => index.within);
  const written = [
    ...Object.keys(entry.sealed),
    ...Object.keys(entry.blind),
    ...new Set(partitions.filter((field) => field !== null)),
  ];
  const sets = written.map((field, at) => `${columnOf(entry, field)} = $${at + 2}`);
  const id = idField(model, entry);
  for (const row of sealed) {
    const values = written.map((field) => row[field] ?? null);
    await client.query(
      `UPDATE ${quoted(entry.table)} SET ${sets.join(', ')} WHERE ${columnOf(entry, id)} = $1`,
      [row[id], ...values],
    );
  }
}
