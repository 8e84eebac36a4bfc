import { nilUuid } from '@caregraph/clock';
import type { ErasureTx } from '@caregraph/erasure';

/**
 * SQL that writes what an erasure changes of a record that stays, under its next version and as no
 * device's.
 */
export function nextVersion(...fields: ('headId' | 'label' | 'place' | 'standing')[]): string {
  const written = fields.map(
    (field) => `'${field}', jsonb_build_object('version', version + 1, 'deviceId', '${nilUuid}',
      'deviceSequence', 0)`,
  );
  return `version = version + 1,
    field_versions = field_versions || jsonb_build_object(${written.join(', ')})`;
}

/** SQL that reads a patient who stays as a `PlacedPatient`. */
export const placedColumns = `id::text, area_id::text AS "areaId",
  institution_id::text AS "institutionId", author_id::text AS "authorId", status, version`;

/** Tells devices of a record that stays and has changed. */
export async function logChange(
  tx: ErasureTx,
  changed: {
    readonly typename: 'Household' | 'Patient';
    readonly id: string;
    readonly version: number;
    readonly areaId: string;
  },
  at: Date,
): Promise<void> {
  await tx.query(
    `INSERT INTO change_log_entry (typename, entity_id, version, area_before, area_after, changed_at)
     VALUES ($1, $2, $3, $4, $4, $5)`,
    [changed.typename, changed.id, changed.version, changed.areaId, at],
  );
}
