import { touched, type ErasureOrder, type ErasureTx, type GoneRecord } from '@caregraph/erasure';
import type { EventDraft } from '@caregraph/messaging';
import { patientPlaced, type PlacedPatient } from '../reach/index.ts';
import { logChange, nextVersion, placedColumns } from './change-by-erasure.store.ts';
import type { LockedPerson } from './person-locked.store.ts';

export async function lockHouseholds(tx: ErasureTx, ids: readonly string[]): Promise<void> {
  await tx.query('SELECT FROM household WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE', [ids]);
}

/** What becomes of the household that somebody leaves for good. */
interface LeftHome {
  /** The household, when nobody is left in it. */
  readonly empty: readonly string[];
  /** Who lives on in a household whose head has gone. */
  readonly members: readonly string[];
  /** The household, when others live on in it: its operations may name the person. */
  readonly left: readonly string[];
}

/**
 * Takes a person out of their household: a household whose head leaves has none. Its label goes,
 * because it is the head's name as a rule; the address is where the others live on.
 */
export async function leaveHousehold(
  tx: ErasureTx,
  person: LockedPerson | undefined,
  at: Date,
): Promise<LeftHome> {
  const householdId = person?.householdId ?? null;
  if (person === undefined || householdId === null) return { empty: [], members: [], left: [] };
  const headless = await tx.query<{ id: string; version: number; areaId: string }>(
    `UPDATE household SET head_id = NULL, label = NULL, ${nextVersion('headId', 'label')}
     WHERE id = $1 AND head_id = $2 RETURNING id::text, version, area_id::text AS "areaId"`,
    [householdId, person.id],
  );
  const { rows } = await tx.query<{ id: string }>(
    'SELECT id::text FROM patient WHERE household_id = $1 AND id <> $2 ORDER BY id',
    [householdId, person.id],
  );
  const [changed] = headless.rows;
  if (rows.length === 0) return { empty: [householdId], members: [], left: [] };
  if (changed === undefined) return { empty: [], members: [], left: [householdId] };
  await tx.query(`DELETE FROM conflict_record WHERE entity_id = $1 AND field = 'label'`, [
    householdId,
  ]);
  await logChange(tx, { typename: 'Household', ...changed }, at);
  return { empty: [], members: rows.map((row) => row.id), left: [householdId] };
}

/** Households that go with a person, and what is to be told of it. */
interface Dissolved {
  readonly ids: readonly string[];
  readonly rows: number;
  readonly gone: readonly GoneRecord[];
  readonly events: readonly EventDraft[];
}

/**
 * Deletes a household that nobody lives in any more: its label and address are about the person. A
 * household that went in an earlier run may have members in a restored store. They had left by then,
 * since nobody was in it, and so they leave again; its key is gone for good.
 */
export async function dissolveHouseholds(
  tx: ErasureTx,
  order: ErasureOrder,
  empty: readonly string[],
): Promise<Dissolved> {
  const ids = [...new Set([...empty, ...order.households])];
  if (ids.length === 0) return { ids, rows: 0, gone: [], events: [] };
  await tx.query('UPDATE household SET head_id = NULL WHERE id = ANY($1::uuid[])', [ids]);
  const left = await tx.query<PlacedPatient>(
    `UPDATE patient SET household_id = NULL, ${nextVersion('place')}
     WHERE household_id = ANY($1::uuid[]) RETURNING ${placedColumns}`,
    [ids],
  );
  for (const row of left.rows) await logChange(tx, { typename: 'Patient', ...row }, order.at);
  const deleted = await tx.query<{ id: string; version: number; area: string }>(
    `DELETE FROM household WHERE id = ANY($1::uuid[])
     RETURNING id::text, version, area_id::text AS area`,
    [ids],
  );
  await touched(
    tx,
    `INSERT INTO erased_subject (id, erased_at, part_of, rows)
     SELECT id, $2, $3, 0 FROM unnest($1::uuid[]) AS one (id) ON CONFLICT (id) DO NOTHING`,
    ids,
    order.at,
    order.patientId,
  );
  return {
    ids,
    rows: deleted.rows.length,
    gone: deleted.rows.map(({ id, version, area }) => ({
      ...{ typename: 'Household', id, version, areas: [area] },
    })),
    events: left.rows.map(patientPlaced),
  };
}
