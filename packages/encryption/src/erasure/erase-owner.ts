import type pg from 'pg';
import {
  constraintViolation,
  isTransientDatabaseFault,
  type DatabasePool,
} from '@caregraph/database';
import { ask, quotedSchema } from '../key-store/key-store.ts';

const attempts = 5;

/**
 * Destroys every data key of an owner in one subgraph, and says for good that there will be none
 * again. What these keys sealed opens nowhere any more, in no copy of the store either.
 *
 * Threat: a writer makes a new key while the old ones go, and seals what was to be erased. Defence:
 * the owner's row is locked before its keys are deleted, and a key needs an owner that is not
 * erased: the foreign key holds it against the row.
 *
 * @param store name of the subgraph: a schema of the key database
 * @param ownerId a patient, or a household in the patient subgraph
 * @returns how many keys this and all earlier runs destroyed, so that a run after a kill tells the
 *   same as one that was not killed
 * @throws database faults as they come; nothing is changed then
 * @example await eraseOwner(keyPool, 'clinical', patientId, clock.now());
 */
export async function eraseOwner(
  keyPool: DatabasePool,
  store: string,
  ownerId: string,
  at: Date,
): Promise<number> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await eraseOnce(keyPool, store, ownerId, at);
    } catch (error) {
      const passes =
        constraintViolation(error)?.kind === 'foreign_key' || isTransientDatabaseFault(error);
      if (!passes || attempt === attempts) throw error;
    }
  }
}

/**
 * Which of these owners may still have keys in one subgraph.
 *
 * @returns the ids whose owner is not marked as erased
 */
export async function ownersNotErased(
  keyPool: DatabasePool,
  store: string,
  ownerIds: readonly string[],
): Promise<string[]> {
  const rows = await ask<{ id: string }>(
    keyPool,
    `SELECT asked.id::text FROM unnest($1::uuid[]) AS asked (id)
     WHERE NOT EXISTS (SELECT FROM ${quotedSchema(store)}.key_owner o WHERE o.id = asked.id AND o.erased)`,
    [ownerIds],
  );
  return rows.map((row) => row.id);
}

/**
 * When keys of these owners were last destroyed in one subgraph, as the key database has it: a
 * restored one shows the erasure that came after it was put back.
 *
 * @returns undefined when no key was destroyed
 */
export async function keysDestroyedAt(
  keyPool: DatabasePool,
  store: string,
  ownerIds: readonly string[],
): Promise<Date | undefined> {
  const [row] = await ask<{ at: Date | null }>(
    keyPool,
    `SELECT max(erased_at) AS at FROM ${quotedSchema(store)}.key_owner
     WHERE id = ANY($1::uuid[]) AND erased AND keys_destroyed > 0`,
    [ownerIds],
  );
  return row?.at ?? undefined;
}

/** The owners whose keys in one subgraph were destroyed for good. */
export async function ownersErased(keyPool: DatabasePool, store: string): Promise<string[]> {
  const rows = await ask<{ id: string }>(
    keyPool,
    `SELECT id::text FROM ${quotedSchema(store)}.key_owner WHERE erased`,
    [],
  );
  return rows.map((row) => row.id);
}

async function eraseOnce(
  keyPool: DatabasePool,
  store: string,
  ownerId: string,
  at: Date,
): Promise<number> {
  const client = await keyPool.connect();
  try {
    await client.query('BEGIN');
    const destroyed = await destroyKeys(client, store, ownerId, at);
    await client.query('COMMIT');
    client.release();
    return destroyed;
  } catch (error) {
    // A connection in an unknown state must not come back to the pool.
    client.release(true);
    throw error;
  }
}

async function destroyKeys(
  client: pg.PoolClient,
  store: string,
  ownerId: string,
  at: Date,
): Promise<number> {
  const schema = quotedSchema(store);
  await client.query(
    `INSERT INTO ${schema}.key_owner (id, erased, erased_at) VALUES ($1, true, $2)
     ON CONFLICT (id) DO NOTHING`,
    [ownerId, at],
  );
  // Waits for whoever is making a key for this owner; it is among the deleted ones then.
  await client.query(`SELECT FROM ${schema}.key_owner WHERE id = $1 FOR UPDATE`, [ownerId]);
  const { rowCount } = await client.query(`DELETE FROM ${schema}.data_key WHERE owner_id = $1`, [
    ownerId,
  ]);
  // A rotation of what is gone could only fail, and would stand before other jobs each time.
  await client.query('DELETE FROM key_job WHERE store = $1 AND subject = $2', [store, ownerId]);
  const { rows } = await client.query<{ destroyed: number }>(
    `UPDATE ${schema}.key_owner SET erased = true, erased_at = COALESCE(erased_at, $2),
       keys_destroyed = keys_destroyed + $3
     WHERE id = $1 RETURNING keys_destroyed AS destroyed`,
    [ownerId, at, rowCount ?? 0],
  );
  return rows[0]?.destroyed ?? 0;
}
