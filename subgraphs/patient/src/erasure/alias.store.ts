import type { ErasureOrder, ErasureTx } from '@caregraph/erasure';
import type { EventDraft } from '@caregraph/messaging';
import { patientPlaced, type PlacedPatient } from '../reach/index.ts';
import { logChange, nextVersion, placedColumns } from './change-by-erasure.store.ts';

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
