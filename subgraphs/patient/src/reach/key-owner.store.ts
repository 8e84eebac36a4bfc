import type { DatabasePool } from '@caregraph/database';
import type { KeyOwner } from '@caregraph/encryption';

/**
 * Which institution people and households are registered at: their keys lie in its partitions.
 *
 * @returns those that this store has
 */
export async function registeredAt(
  pool: DatabasePool,
  ownerIds: readonly string[],
): Promise<KeyOwner[]> {
  const { rows } = await pool.query<KeyOwner>(
    `SELECT id::text AS "ownerId", institution_id::text AS "institutionId"
     FROM patient WHERE id = ANY($1::uuid[])
     UNION ALL
     SELECT id::text, institution_id::text FROM household WHERE id = ANY($1::uuid[])`,
    [ownerIds],
  );
  return rows;
}
