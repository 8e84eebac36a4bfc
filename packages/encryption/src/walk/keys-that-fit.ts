import type { DatabasePool } from '@caregraph/database';
import { modelOf, type ModelFields, type SealedFields } from '../field-map.ts';
import { refuseOlderKek } from '../keyring/older-kek.ts';
import { isAway } from '../keyring/key-service-watch.ts';
import type { StoreKeys } from '../store-keys.ts';
import { anyRow, columnOf, quoted, type RowFilter } from './stored-rows.ts';

/**
 * Looks, before a store serves, whether its keys are those that its rows were written with.
 *
 * Threat: the key database is lost or restored empty, or an older copy of the key file is put back.
 * New keys would be made in place of the lost ones; people would be registered a second time,
 * because a search under a new index key finds nobody; and the backup could not be put back without
 * losing what was written meanwhile. Defence: nothing is served. A key database that is only older
 * than the store is not told from a whole one.
 *
 * @throws Error saying what is missing or too old, and what to restore
 */
export async function expectKeysThatFit(
  pool: DatabasePool,
  fields: SealedFields,
  keys: Pick<StoreKeys, 'store' | 'keyStore' | 'indexKeyStore' | 'rotation' | 'watch'>,
): Promise<void> {
  await refuseOlderKek([keys], keys.watch).catch((error: unknown) => {
    // A start goes on without the key service; then nothing opens and nothing is made.
    if (!isAway(error)) throw error;
  });
  await expectDataKeys(pool, fields, keys);
  const lost = await lostIndexKeys(pool, fields, keys);
  if (lost.length === 0) return;
  const columns = lost.join(', ');
  throw new Error(
    `the key database has no key of ${columns}, and searches would find nobody: restore it, or make all tokens anew (caregraph keys rotate blind-index)`,
  );
}

/** @throws Error when a store has sealed values, and its schema of the key database no data key */
export async function expectDataKeys(
  pool: DatabasePool,
  fields: SealedFields,
  { store, keyStore }: Pick<StoreKeys, 'store' | 'keyStore'>,
): Promise<void> {
  if ((await keyStore.holdsDataKeys()) || !(await anyRow(pool, fields, anySealed))) return;
  throw new Error(
    `the key database has no key of the ${store} store, which holds sealed values: restore the key database`,
  );
}

/** Rows with a value that a key seals. */
function anySealed(entry: ModelFields): RowFilter {
  const looks = Object.keys(entry.sealed).map((field) => {
    const column = columnOf(entry, field);
    return `get_byte(${column} || '\\x00'::bytea, 0) <> 0`;
  });
  return { sql: `(${looks.join(' OR ')})`, values: [] };
}

/** Columns with tokens and without a key, as `Model.column`. */
async function lostIndexKeys(
  pool: DatabasePool,
  fields: SealedFields,
  { indexKeyStore }: Pick<StoreKeys, 'indexKeyStore'>,
): Promise<string[]> {
  const indexed = Object.keys(fields.models).flatMap((model) =>
    Object.entries(modelOf(fields, model).blind).map(([column, { list }]) => ({
      ...{ model, column, list },
      name: `${model}.${column}`,
    })),
  );
  const keyed = await indexKeyStore.indexKeys(indexed.map(({ name }) => name));
  const keyless = indexed.filter(({ name }) => !keyed.some(({ column }) => column === name));
  const lost: string[] = [];
  for (const { model, column, list, name } of keyless) {
    const entry = modelOf(fields, model);
    const token = columnOf(entry, column);
    const { rowCount } = await pool.query(
      `SELECT FROM ${quoted(entry.table)} WHERE ${token} ${list ? `<> '{}'` : 'IS NOT NULL'} LIMIT 1`,
    );
    if ((rowCount ?? 0) > 0) lost.push(name);
  }
  return lost;
}
