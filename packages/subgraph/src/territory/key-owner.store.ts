import type { DatabasePool } from '@caregraph/database';
import type { KeyOwner } from '@caregraph/encryption';

/**
 * Which institution the patients of a store with a `patient_ref` are registered at: their keys lie in
 * its partitions.
 *
 * @returns those of whom the store has heard
 */
export async function referredAt(
  pool: DatabasePool,
  ownerIds: readonly string[],
): Promise<KeyOwner[]> {
  const { rows } = await pool.query<KeyOwner>(
    `SELECT id::text AS "ownerId", institution_id::text AS "institutionId"
     FROM patient_ref WHERE id = ANY($1::uuid[]) AND institution_id IS NOT NULL`,
    [ownerIds],
  );
  return rows;
}
