import { nilUuid } from '@caregraph/clock';
import type { DatabasePool, StoreName } from '@caregraph/database';
import {
  hasTombstone,
  holdOffWriters,
  inErasure,
  touched,
  writeTombstone,
  type ErasureTx,
} from './erasure-transaction.ts';
import { scrubEvents, scrubWrites, type GoneRecord } from './scrub-logs.ts';
import type { ErasureOrder, StoreErasure } from './store-erasure.ts';

/** What a store of facts holds of a patient. The names are those of our own tables. */
export interface FactTables {
  readonly store: StoreName;
  /**
   * Tables whose rows devices know, in the order in which writers lock them. A row that is added to
   * one of them without naming the patient needs the lock of a row that is there already.
   */
  readonly records: readonly { readonly typename: string; readonly table: string }[];
  /** What to delete, parts before what they belong to: statements over `$1`, the patient's id. */
  readonly deletions: readonly string[];
}

/**
 * The erasure of a store that keeps facts about patients under a `patient_ref`. The reference stays
 * with its id and the state ERASED, so that no event about the person makes one anew.
 *
 * @example export const clinicalErasure = eraseFacts({ store: 'clinical', records, deletions });
 */
export function eraseFacts(tables: FactTables): StoreErasure {
  return {
    store: tables.store,
    knows: (pool, patientId) => knowsPatient(pool, patientId),
    erase: (pool, order) => inErasure(pool, (tx) => eraseOne(tx, tables, order)),
  };
}

async function eraseOne(tx: ErasureTx, tables: FactTables, order: ErasureOrder) {
  const { patientId, at } = order;
  await holdOffWriters(tx, [patientId]);
  const records = await lockRecords(tx, tables, patientId);
  const areaId = await areaOf(tx, patientId);
  const gone = records.map((one) => ({ ...one, areas: [areaId] }));
  let rows = 0;
  for (const sql of tables.deletions) rows += await touched(tx, sql, patientId);
  rows += await eraseReference(tx, patientId);
  rows += await scrubWrites(tx, [patientId], gone, at);
  rows += await scrubEvents(tx, patientId);
  const all = await writeTombstone(tx, order, rows);
  return { kind: 'ERASED', rows: all, households: [] } as const;
}

/**
 * Locks every record of the patient. A writer who was faster may have added one to a record that it
 * held: we look again until there is nothing that we do not hold.
 */
async function lockRecords(
  tx: ErasureTx,
  { records }: FactTables,
  patientId: string,
): Promise<Omit<GoneRecord, 'areas'>[]> {
  for (let held = -1; ;) {
    const locked: Omit<GoneRecord, 'areas'>[] = [];
    for (const { typename, table } of records) {
      const { rows } = await tx.query<{ id: string; version: number }>(
        `SELECT id::text, version FROM ${table} WHERE patient_id = $1 ORDER BY id FOR UPDATE`,
        [patientId],
      );
      locked.push(...rows.map((row) => ({ typename, ...row })));
    }
    if (locked.length === held) return locked;
    held = locked.length;
  }
}

async function areaOf(tx: ErasureTx, patientId: string): Promise<string | null> {
  const { rows } = await tx.query<{ area: string | null }>(
    'SELECT area_id::text AS area FROM patient_ref WHERE id = $1',
    [patientId],
  );
  return rows[0]?.area ?? null;
}

/**
 * Leaves nothing of a reference but its id. It is made where there was none, so that an event that
 * is just being taken in meets it.
 *
 * @param keepInstitution the audited institution goes on seeing who saw the record
 * @returns how many rows were emptied
 */
export async function eraseReference(
  tx: ErasureTx,
  patientId: string,
  keepInstitution = false,
): Promise<number> {
  const kept = keepInstitution ? 'known.institution_id' : 'NULL';
  const { rows } = await tx.query<{ emptied: boolean }>(
    `WITH before AS (SELECT status FROM patient_ref WHERE id = $1)
     INSERT INTO patient_ref AS known (id, author_id, status, version)
     VALUES ($1, '${nilUuid}', 'ERASED', 0)
     ON CONFLICT (id) DO UPDATE SET area_id = NULL, institution_id = ${kept},
       author_id = EXCLUDED.author_id, status = EXCLUDED.status
     RETURNING (SELECT status <> 'ERASED' FROM before) AS emptied`,
    [patientId],
  );
  return rows[0]?.emptied === true ? 1 : 0;
}

/** Whether a store that has references of patients has one of this patient, or had. */
export async function knowsPatient(pool: DatabasePool, patientId: string): Promise<boolean> {
  const { rowCount } = await pool.query('SELECT FROM patient_ref WHERE id = $1', [patientId]);
  return rowCount === 1 || (await hasTombstone(pool, patientId));
}
