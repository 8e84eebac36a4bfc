import { touched, type ErasureOrder, type ErasureTx } from '@caregraph/erasure';
import type { EventDraft } from '@caregraph/messaging';
import { patientPlaced, type PlacedPatient } from '../reach/index.ts';
import { logChange, nextVersion, placedColumns } from './change-by-erasure.store.ts';

/** Whether a person went in an earlier run. */
export async function isErased(tx: ErasureTx, patientId: string): Promise<boolean> {
  return (await touched(tx, 'SELECT FROM erased_subject WHERE id = $1', patientId)) === 1;
}

/**
 * Tells whether a record belongs to the one that it must belong to (see ErasureOrder), by however
 * many steps, and keeps it so until the transaction ends. One that went before did.
 */
export async function isMergedInto(
  tx: ErasureTx,
  { patientId, mergedInto }: ErasureOrder,
): Promise<boolean> {
  if (mergedInto === undefined) return true;
  if (await isErased(tx, patientId)) return true;
  const seen = new Set<string>();
  for (let at: string | null = patientId; at !== null && !seen.has(at);) {
    seen.add(at);
    const { rows }: { rows: { into: string | null }[] } = await tx.query(
      'SELECT merged_into_id::text AS into FROM patient WHERE id = $1 FOR SHARE',
      [at],
    );
    at = rows[0]?.into ?? null;
    if (at === mergedInto) return true;
  }
  return false;
}

/**
 * Looks at the records that were merged into the one that goes. They are the same person and go
 * before it; when the erasure was completed once, those that are here were another person by then
 * (see ErasureOrder), and stand for themselves again.
 */
export async function detachAliases(
  tx: ErasureTx,
  { patientId, aliases, at }: ErasureOrder,
): Promise<'ALIASES_LEFT' | { readonly events: readonly EventDraft[] }> {
  const found = await tx.query(
    'SELECT FROM patient WHERE merged_into_id = $1 ORDER BY id FOR UPDATE',
    [patientId],
  );
  if (found.rowCount === 0) return { events: [] };
  if (aliases === 'REFUSE') return 'ALIASES_LEFT';
  const { rows } = await tx.query<PlacedPatient>(
    `UPDATE patient SET merged_into_id = NULL, ${nextVersion('standing')},
       status = CASE WHEN deceased_on IS NULL THEN 'ACTIVE' ELSE 'DECEASED' END
     WHERE merged_into_id = $1 RETURNING ${placedColumns}`,
    [patientId],
  );
  for (const row of rows) await logChange(tx, { typename: 'Patient', ...row }, at);
  return { events: rows.map(patientPlaced) };
}
