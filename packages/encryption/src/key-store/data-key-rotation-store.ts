import type { DatabasePool } from '@caregraph/database';
import type { NewDataKey } from './key-store.ts';
import { quotedSchema } from './key-store.ts';

/** What the rotation of an owner's data key reads and writes. */
export interface DataKeyRotationStore {
  /** The active key of an owner and the institution of its partition. */
  activeKey(
    ownerId: string,
  ): Promise<{ readonly id: string; readonly institutionId: string } | undefined>;
  /** Retires the active key and makes another one active, at once. */
  replaceActive(key: NewDataKey, reservedUses: number, at: Date): Promise<void>;
  /** Keys that were replaced before an instant, but for some. */
  retiredBefore(
    at: Date,
    limit: number,
    except?: readonly string[],
  ): Promise<readonly { readonly id: string; readonly ownerId: string }[]>;
  /** Removes a replaced key. */
  drop(id: string): Promise<void>;
  /** Owners whose active key has been used more often than it should. */
  wornOwners(limit: number): Promise<string[]>;
}

/** @param store name of the subgraph: a schema of the key database */
export function createDataKeyRotationStore(
  pool: DatabasePool,
  store: string,
): DataKeyRotationStore {
  const schema = quotedSchema(store);
  return {
    async activeKey(ownerId) {
      const { rows } = await pool.query<{ id: string; institutionId: string }>(
        `SELECT d.id::text, p.institution_id::text AS "institutionId" FROM ${schema}.data_key d
         JOIN ${schema}.partition_key p ON p.id = d.partition_key_id
         WHERE d.owner_id = $1 AND d.state = 'ACTIVE'`,
        [ownerId],
      );
      return rows[0];
    },
    async replaceActive(key, reservedUses, at) {
      const client = await pool.connect();
      try {
        await client.query('BEGIN');
        await client.query(
          `UPDATE ${schema}.data_key SET state = 'RETIRED', retired_at = $2
           WHERE owner_id = $1 AND state = 'ACTIVE'`,
          [key.ownerId, at],
        );
        await client.query(
          `INSERT INTO ${schema}.data_key
             (id, owner_id, partition_key_id, wrapped, reserved_uses, created_at)
           VALUES ($1, $2, $3, $4, $5, $6)`,
          [key.id, key.ownerId, key.partitionKeyId, Buffer.from(key.wrapped), reservedUses, at],
        );
        await client.query('COMMIT');
        client.release();
      } catch (error) {
        client.release(true);
        throw error;
      }
    },
    async retiredBefore(at, limit, except = []) {
      const { rows } = await pool.query<{ id: string; ownerId: string }>(
        `SELECT id::text, owner_id::text AS "ownerId" FROM ${schema}.data_key
         WHERE state = 'RETIRED' AND retired_at <= $1 AND id <> ALL($2::uuid[])
         ORDER BY retired_at, id LIMIT ${limit}`,
        [at, except],
      );
      return rows;
    },
    async drop(id) {
      const sql = `DELETE FROM ${schema}.data_key WHERE id = $1 AND state = 'RETIRED'`;
      await pool.query(sql, [id]);
    },
    async wornOwners(limit) {
      const { rows } = await pool.query<{ id: string }>(
        `SELECT owner_id::text AS id FROM ${schema}.data_key
         WHERE reserved_uses >= 536870912 AND state = 'ACTIVE' LIMIT ${limit}`,
      );
      return rows.map((row) => row.id);
    },
  };
}
