import type { IdSource } from '@caregraph/clock';
import type { DatabasePool } from '@caregraph/database';
import { eraseOwner, ownersNotErased } from '@caregraph/encryption';
import type { ErasureRecord } from './list/erasure-entry.ts';
import type { StoreErasure } from './store/store-erasure.ts';

/** A store to erase from, with the keys that sealed what it holds. */
export interface ErasureTarget {
  readonly erasure: StoreErasure;
  readonly pool: DatabasePool;
  /** The key database; the store's keys are in the schema of its name. */
  readonly keyPool: DatabasePool;
}

/** The ids under which a person has records: those that were merged first. */
export function subjectsOf({ aliases, patientId }: ErasureRecord): readonly string[] {
  return [...aliases, patientId];
}

export interface ErasedRows {
  readonly rows: number;
  readonly households: ErasureRecord['households'];
}

/** Deletes what a store holds of a person, under all their ids. */
export async function eraseRows(
  { erasure, pool }: ErasureTarget,
  record: ErasureRecord,
  { at, ids }: { readonly at: Date; readonly ids: IdSource },
): Promise<ErasedRows | 'ALIASES_LEFT'> {
  let rows = 0;
  const households: ErasureRecord['households'] = [];
  for (const patientId of subjectsOf(record)) {
    const erased = await erasure.erase(pool, {
      ...{ patientId, at, ids },
      households: record.households
        .filter((one) => one.patientId === patientId)
        .map((one) => one.id),
      aliases: record.state === 'COMPLETED' ? 'DETACH' : 'REFUSE',
    });
    if (erased.kind === 'ALIASES_LEFT') return 'ALIASES_LEFT';
    rows += erased.rows;
    households.push(...erased.households.map((id) => ({ id, patientId })));
  }
  return { rows, households };
}

/** Whose keys a store has of a person's records. Households are sealed in the patient store alone. */
function ownersIn({ erasure }: ErasureTarget, record: ErasureRecord): readonly string[] {
  const households = erasure.store === 'patient' ? record.households.map((one) => one.id) : [];
  return [...subjectsOf(record), ...households];
}

/** Destroys the keys of a person in one store. @returns how many there were */
export async function eraseKeys(
  target: ErasureTarget,
  record: ErasureRecord,
  at: Date,
): Promise<number> {
  let keys = 0;
  for (const ownerId of ownersIn(target, record)) {
    keys += await eraseOwner(target.keyPool, target.erasure.store, ownerId, at);
  }
  return keys;
}

/** Tells whether store and key database show a person as erased: cheap, for every start. */
export async function showsErased(target: ErasureTarget, record: ErasureRecord): Promise<boolean> {
  const ids = ownersIn(target, record);
  const { rows } = await target.pool.query<{ count: number }>(
    'SELECT count(*)::int AS count FROM erased_subject WHERE id = ANY($1::uuid[])',
    [ids],
  );
  if (rows[0]?.count !== new Set(ids).size) return false;
  return (await ownersNotErased(target.keyPool, target.erasure.store, ids)).length === 0;
}
