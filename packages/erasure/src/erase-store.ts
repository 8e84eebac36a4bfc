import type { IdSource } from '@caregraph/clock';
import type { DatabasePool } from '@caregraph/database';
import { eraseOwner, keysDestroyedAt, ownersNotErased } from '@caregraph/encryption';
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

/** The same erasure with these merged records and no others. */
export function withSubjects(record: ErasureRecord, aliases: readonly string[]): ErasureRecord {
  const households = record.households.filter(
    ({ patientId }) => patientId === record.patientId || aliases.includes(patientId),
  );
  return { ...record, aliases: [...aliases], households };
}

export type ErasedRows =
  | {
      readonly kind: 'ERASED';
      readonly rows: number;
      readonly households: ErasureRecord['households'];
    }
  | { readonly kind: 'ALIASES_LEFT' }
  | { readonly kind: 'NOT_MERGED'; readonly patientId: string };

/**
 * Deletes what a store holds of a person, under all their ids.
 *
 * Threat: an erasure is cut short, a record that was merged turns out to be somebody else's and is
 * un-merged, and the next run erases a living person. Defence: until the erasure was completed, a
 * merged record goes only if it is merged at that moment, or has begun to go.
 *
 * @param begun merged records that some store shows as erased already
 */
export async function eraseRows(
  { erasure, pool }: ErasureTarget,
  record: ErasureRecord,
  {
    at,
    ids,
    begun,
  }: { readonly at: Date; readonly ids: IdSource; readonly begun: readonly string[] },
): Promise<ErasedRows> {
  let rows = 0;
  const households: ErasureRecord['households'] = [];
  for (const patientId of subjectsOf(record)) {
    const erased = await erasure.erase(pool, {
      ...{ patientId, at, ids, reason: record.reason },
      households: record.households
        .filter((one) => one.patientId === patientId)
        .map((one) => one.id),
      aliases: record.state === 'COMPLETED' ? 'DETACH' : 'REFUSE',
      mergedInto: mustBeMerged(record, patientId, begun) ? record.patientId : undefined,
    });
    if (erased.kind === 'NOT_MERGED') return { kind: 'NOT_MERGED', patientId };
    if (erased.kind === 'ALIASES_LEFT') return { kind: 'ALIASES_LEFT' };
    rows += erased.rows;
    households.push(...erased.households.map((id) => ({ id, patientId })));
  }
  return { kind: 'ERASED', rows, households };
}

function mustBeMerged(record: ErasureRecord, id: string, begun: readonly string[]): boolean {
  return record.state === 'REQUESTED' && id !== record.patientId && !begun.includes(id);
}

/** Which of these ids a store or its keys show as erased. */
export async function begunIn(
  { erasure, pool, keyPool }: ErasureTarget,
  ids: readonly string[],
): Promise<string[]> {
  const { rows } = await pool.query<{ id: string }>(
    'SELECT id::text FROM erased_subject WHERE id = ANY($1::uuid[])',
    [ids],
  );
  const withKeys = await ownersNotErased(keyPool, erasure.store, ids);
  return ids.filter((id) => rows.some((row) => row.id === id) || !withKeys.includes(id));
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

/** When keys of a person were last destroyed in one store. */
export function lastDestroyedIn(
  target: ErasureTarget,
  record: ErasureRecord,
): Promise<Date | undefined> {
  return keysDestroyedAt(target.keyPool, target.erasure.store, ownersIn(target, record));
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
