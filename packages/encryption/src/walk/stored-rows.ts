import { nilUuid } from '@caregraph/clock';
import type { DatabasePool } from '@caregraph/database';
import { uuidBytes } from '../cipher/associated-data.ts';
import { modelOf, type ModelFields, type Row, type SealedFields } from '../field-map.ts';

/** Names of tables and columns come from our own schemas; they are looked at all the same. */
export function quoted(name: string): string {
  if (!/^\w+$/.test(name)) throw new RangeError('not a name of the schema');
  return `"${name}"`;
}

/** The models of a store that hold sealed fields, in the order in which jobs walk them. */
export function sealedModels(fields: SealedFields): readonly string[] {
  return Object.entries(fields.models)
    .filter(([, entry]) => Object.keys(entry.sealed).length > 0)
    .map(([name]) => name)
    .sort();
}

/** A model's only id column: rows are walked by it. */
export function idField(model: string, entry: ModelFields): string {
  const [id] = entry.id;
  if (id === undefined || entry.id.length !== 1) {
    throw new Error(`${model} has no single id, so no job can walk it`);
  }
  return id;
}

export function columnOf(entry: ModelFields, field: string): string {
  return quoted(entry.columns[field] ?? field);
}

/** `SELECT` list that names columns like the fields of the model. */
function selected(entry: ModelFields): string {
  return Object.keys(entry.columns)
    .filter((field) => !Object.hasOwn(entry.blind, field))
    .map((field) => `${columnOf(entry, field)} AS ${quoted(field)}`)
    .join(', ');
}

/** Which rows of a model a walk is about; `values` fill `$2` and on. */
export interface RowFilter {
  readonly sql: string;
  readonly values: readonly unknown[];
}

/** Rows with a value of format version 0. */
export function anyPlain(entry: ModelFields): RowFilter {
  const looks = Object.keys(entry.sealed).map((field) => {
    const column = columnOf(entry, field);
    return `(${column} IS NOT NULL AND get_byte(${column} || '\\x00'::bytea, 0) = 0)`;
  });
  return { sql: `(${looks.join(' OR ')})`, values: [] };
}

/** Rows with a value of format version 0, and rows that are in no index for want of a partition. */
export function plainOrUnindexed(entry: ModelFields): RowFilter {
  const partitions = Object.values(entry.blind).map((index) => index.within);
  const lacking = [...new Set(partitions.filter((field) => field !== null))].map(
    (field) => ` OR ${columnOf(entry, field)} IS NULL`,
  );
  return { sql: `(${anyPlain(entry).sql}${lacking.join('')})`, values: [] };
}

/** Rows of an owner with a value that is sealed by another key than this one. */
export function sealedByOther(entry: ModelFields, ownerId: string, keyId: string): RowFilter {
  const id = uuidBytes(keyId);
  // NULL is no value, and is not another key either.
  const looks = Object.keys(entry.sealed).map(
    (field) => `substring(${columnOf(entry, field)} FROM 2 FOR 16) <> $3`,
  );
  const owner = columnOf(entry, entry.owner ?? '');
  return { sql: `${owner} = $2 AND (${looks.join(' OR ')})`, values: [ownerId, id] };
}

/** The next rows of a walk, in the order of their ids. */
export async function nextRows(
  pool: DatabasePool,
  fields: SealedFields,
  model: string,
  walk: { readonly filter: RowFilter; readonly after: string | undefined; readonly limit: number },
): Promise<Row[]> {
  const entry = modelOf(fields, model);
  const id = columnOf(entry, idField(model, entry));
  const { rows } = await pool.query<Row>(
    `SELECT ${selected(entry)} FROM ${quoted(entry.table)}
     WHERE ${id} > $1 AND ${walk.filter.sql} ORDER BY ${id} LIMIT ${walk.limit}`,
    [walk.after ?? nilUuid, ...walk.filter.values],
  );
  return rows;
}

/** Tells whether any row of the store meets the filter. */
export async function anyRow(
  pool: DatabasePool,
  fields: SealedFields,
  filterOf: (entry: ModelFields) => RowFilter,
): Promise<boolean> {
  for (const model of sealedModels(fields)) {
    const entry = modelOf(fields, model);
    const { sql, values } = filterOf(entry);
    const { rowCount } = await pool.query(
      `SELECT FROM ${quoted(entry.table)} WHERE $1::boolean AND ${sql} LIMIT 1`,
      [true, ...values],
    );
    if (rowCount !== null && rowCount > 0) return true;
  }
  return false;
}

/** How many rows of the store meet the filter, for showing progress. */
export async function countRows(
  pool: DatabasePool,
  fields: SealedFields,
  filterOf: (entry: ModelFields) => RowFilter,
  models: readonly string[] = sealedModels(fields),
): Promise<number> {
  let count = 0;
  for (const model of models) {
    const entry = modelOf(fields, model);
    const { sql, values } = filterOf(entry);
    const { rows } = await pool.query<{ count: number }>(
      `SELECT count(*)::int AS count FROM ${quoted(entry.table)} WHERE $1::boolean AND ${sql}`,
      [true, ...values],
    );
    count += rows[0]?.count ?? 0;
  }
  return count;
}
