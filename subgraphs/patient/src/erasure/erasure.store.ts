import { nilUuid } from '@caregraph/clock';
import type { DatabasePool } from '@caregraph/database';
import {
  erasureEvent,
  ErasureOvertaken,
  hasTombstone,
  holdOffWriters,
  inErasure,
  leaveEvents,
  scrubEvents,
  scrubWrites,
  touched,
  writeTombstone,
  type ErasureOrder,
  type ErasureTx,
  type RecordsOfPerson,
  type RowsErased,
  type StoreErasure,
} from '@caregraph/erasure';
import { detachAliases, isErased, isMergedInto } from './alias.store.ts';
import { dissolveHouseholds, leaveHousehold, lockHouseholds } from './household-left.store.ts';
import { lockPerson, type LockedPerson } from './person-locked.store.ts';

/**
 * Forgets a person: particulars, identifiers, relationships, grants that opened the record, and the
 * household when nobody else lives in it.
 *
 * A grant goes with the words of whoever opened the record. That it was opened, by whom, when and
 * for which coded reason is in the audit store.
 */
export const patientErasure: StoreErasure = {
  store: 'patient',
  knows: async (pool, patientId) =>
    (await pool.query('SELECT FROM patient WHERE id = $1', [patientId])).rowCount === 1 ||
    (await hasTombstone(pool, patientId)),
  erase: (pool, order) => inErasure(pool, (tx) => erase(tx, order)),
  recordsOf,
};

async function erase(tx: ErasureTx, order: ErasureOrder): Promise<RowsErased> {
  const { patientId } = order;
  const homeId = await homeOf(tx, patientId);
  const householdIds = [...new Set([...(homeId === null ? [] : [homeId]), ...order.households])];
  await holdOffWriters(tx, [patientId, ...householdIds]);
  // Households before the people in them, as every writer does.
  await lockHouseholds(tx, householdIds);
  const person = await lockPerson(tx, patientId);
  if (person !== undefined && person.householdId !== homeId) throw new ErasureOvertaken();
  if (!(await isMergedInto(tx, order))) return { kind: 'NOT_MERGED' };
  const isNews = person !== undefined || !(await isErased(tx, patientId));
  const detached = await detachAliases(tx, order);
  if (detached === 'ALIASES_LEFT') return { kind: 'ALIASES_LEFT' };
  const home = await leaveHousehold(tx, person, order.at);
  let rows = await deletePerson(tx, patientId);
  const dissolved = await dissolveHouseholds(tx, order, home.empty);
  const gone = [...(person?.gone ?? []), ...dissolved.gone];
  const owners = [patientId, ...dissolved.ids];
  rows += dissolved.rows + (await scrubWrites(tx, owners, gone, order.at, home.left));
  rows += await scrubEvents(tx, patientId);
  await leaveEvents(
    tx,
    [
      ...detached.events,
      ...dissolved.events,
      ...(isNews ? auditEvents(person, home.members, order) : []),
    ],
    order,
  );
  const all = await writeTombstone(tx, order, rows);
  return { kind: 'ERASED', rows: all, households: await householdsGoneWith(tx, patientId) };
}

async function homeOf(tx: ErasureTx, patientId: string): Promise<string | null> {
  const { rows } = await tx.query<{ id: string | null }>(
    'SELECT household_id::text AS id FROM patient WHERE id = $1',
    [patientId],
  );
  return rows[0]?.id ?? null;
}

async function deletePerson(tx: ErasureTx, patientId: string): Promise<number> {
  let rows = 0;
  for (const condition of [
    'break_glass_grant WHERE patient_id = $1',
    'identifier WHERE patient_id = $1',
    'relationship WHERE from_patient_id = $1 OR to_patient_id = $1',
    'patient WHERE id = $1',
  ]) {
    rows += await touched(tx, `DELETE FROM ${condition}`, patientId);
  }
  return rows;
}

/**
 * The erasure is on the record of the person, and of each person whose record it changed. Somebody
 * about whom other stores had facts, and who was never registered here, belongs to no institution.
 */
function auditEvents(
  person: LockedPerson | undefined,
  members: readonly string[],
  order: ErasureOrder,
) {
  const institutionId = person?.institutionId ?? nilUuid;
  const gone = person?.gone ?? [];
  const types = [...new Set(['Patient', ...gone.map((one) => one.typename)])];
  const others = [
    ...(person?.related ?? []).map((patientId) => ({ patientId, types: ['Relationship'] })),
    ...members.map((patientId) => ({ patientId, types: ['Household'] })),
  ];
  return [{ patientId: order.patientId, types }, ...others].map((one) =>
    erasureEvent({ ...one, institutionId }, order),
  );
}

async function householdsGoneWith(tx: ErasureTx, patientId: string): Promise<string[]> {
  const { rows } = await tx.query<{ id: string }>(
    'SELECT id::text FROM erased_subject WHERE part_of = $1 ORDER BY id',
    [patientId],
  );
  return rows.map((row) => row.id);
}

/** Merged records, followed to the one that answers, and down to all that it answers for. */
async function recordsOf(pool: DatabasePool, patientId: string): Promise<RecordsOfPerson> {
  const survivor = await pool.query<{ id: string | null }>(
    'SELECT merged_into_id::text AS id FROM patient WHERE id = $1',
    [patientId],
  );
  const aliases = await pool.query<{ id: string }>(
    `WITH RECURSIVE alias AS (
       SELECT id, 1 AS depth FROM patient WHERE merged_into_id = $1
       UNION ALL
       SELECT patient.id, depth + 1 FROM patient JOIN alias ON patient.merged_into_id = alias.id
       WHERE depth < 100
     ) SELECT id::text FROM alias GROUP BY id ORDER BY max(depth) DESC, id`,
    [patientId],
  );
  return {
    survivorId: survivor.rows[0]?.id ?? null,
    aliases: aliases.rows.map((row) => row.id),
  };
}
