import type { DatabasePool } from '@caregraph/database';
import type { KeyOwner } from '@caregraph/encryption';

/** The institutions among owners of keys: contacts of staff are sealed with those of their institution. */
export async function institutionsAmong(
  pool: DatabasePool,
  ownerIds: readonly string[],
): Promise<KeyOwner[]> {
  const { rows } = await pool.query<KeyOwner>(
    `SELECT id::text AS "ownerId", id::text AS "institutionId"
     FROM institution WHERE id = ANY($1::uuid[])`,
    [ownerIds],
  );
  return rows;
}
