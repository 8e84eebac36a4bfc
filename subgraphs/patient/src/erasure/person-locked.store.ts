import type { ErasureTx, GoneRecord } from '@caregraph/erasure';

/** A person who is about to go: what devices hold of them, and whose records change with it. */
export interface LockedPerson {
  readonly id: string;
  readonly householdId: string | null;
  readonly institutionId: string;
  readonly gone: readonly GoneRecord[];
  /** The other side of each relationship. */
  readonly related: readonly string[];
}

interface PersonRow {
  readonly version: number;
  readonly area: string;
  readonly institution: string;
  readonly household: string | null;
}

interface RelationshipRow {
  readonly id: string;
  readonly version: number;
  readonly areas: string[];
  readonly other: string;
}

/** Locks a person and everything that hangs on them, in the order of live writers. */
export async function lockPerson(tx: ErasureTx, id: string): Promise<LockedPerson | undefined> {
  const found = await tx.query<PersonRow>(
    `SELECT version, area_id::text AS area, institution_id::text AS institution,
       household_id::text AS household FROM patient WHERE id = $1 FOR UPDATE`,
    [id],
  );
  const [row] = found.rows;
  if (row === undefined) return undefined;
  const areas = [row.area];
  const identifiers = await tx.query<{ id: string; version: number }>(
    'SELECT id::text, version FROM identifier WHERE patient_id = $1 ORDER BY id FOR UPDATE',
    [id],
  );
  // The other person may live elsewhere: their worker's device holds the relationship as well.
  const relationships = await tx.query<RelationshipRow>(
    `SELECT tie.id::text, tie.version, ARRAY[one.area_id::text, two.area_id::text] AS areas,
       CASE WHEN one.id = $1 THEN two.id ELSE one.id END::text AS other
     FROM relationship tie JOIN patient one ON one.id = tie.from_patient_id
       JOIN patient two ON two.id = tie.to_patient_id
     WHERE tie.from_patient_id = $1 OR tie.to_patient_id = $1 ORDER BY tie.id FOR UPDATE OF tie`,
    [id],
  );
  const grants = await tx.query<{ id: string }>(
    'SELECT id::text FROM break_glass_grant WHERE patient_id = $1 ORDER BY id FOR UPDATE',
    [id],
  );
  return {
    id,
    householdId: row.household,
    institutionId: row.institution,
    gone: [
      { typename: 'Patient', id, version: row.version, areas },
      ...identifiers.rows.map((one) => ({ typename: 'Identifier', ...one, areas })),
      ...relationships.rows.map(({ other: _other, ...tie }) => ({
        typename: 'Relationship',
        ...tie,
      })),
      // No device holds a grant, so no area is told of it.
      ...grants.rows.map((one) => ({ typename: 'BreakGlassGrant', ...one, version: 1, areas: [] })),
    ],
    related: [...new Set(relationships.rows.map((tie) => tie.other))],
  };
}
