import type pg from 'pg';
import {
  constraintViolation,
  isTransientDatabaseFault,
  type DatabasePool,
} from '@caregraph/database';
import type { ErasureOrder } from './store-erasure.ts';

/** An open transaction of an erasure. */
export type ErasureTx = pg.PoolClient;

/** What was looked at before it could be locked has changed: the transaction begins again. */
export class ErasureOvertaken extends Error {
  constructor() {
    super('a record changed while its erasure began');
    this.name = 'ErasureOvertaken';
  }
}

const attempts = 8;
/** Waits for writers under way, which have ten seconds, and looks through whole logs. */
const limitMs = 120_000;

/**
 * Runs an erasure in one transaction. What passes (a deadlock, a record that moved meanwhile) is
 * tried again from the beginning.
 */
export async function inErasure<TResult>(
  pool: DatabasePool,
  work: (tx: ErasureTx) => Promise<TResult>,
): Promise<TResult> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await once(pool, work);
    } catch (error) {
      const passes =
        error instanceof ErasureOvertaken ||
        constraintViolation(error)?.kind === 'foreign_key' ||
        isTransientDatabaseFault(error);
      if (!passes || attempt === attempts) throw error;
    }
  }
}

async function once<TResult>(
  pool: DatabasePool,
  work: (tx: ErasureTx) => Promise<TResult>,
): Promise<TResult> {
  const tx = await pool.connect();
  try {
    await tx.query('BEGIN');
    // transaction_timeout is known to PostgreSQL 17 and later alone.
    await tx.query(
      `SELECT set_config(name, $1, true) FROM pg_settings
       WHERE name IN ('statement_timeout', 'transaction_timeout')`,
      [String(limitMs)],
    );
    const result = await work(tx);
    await tx.query('COMMIT');
    tx.release();
    return result;
  } catch (error) {
    // A connection in an unknown state must not come back to the pool.
    tx.release(true);
    throw error;
  }
}

/**
 * Waits for every operation that names one of these ids, and holds off those that come. They ask
 * `erased_among` (see the migrations), and find out that the person is gone.
 */
export async function holdOffWriters(tx: ErasureTx, ids: readonly string[]): Promise<void> {
  // In the order in which operations take them, one statement each.
  for (const id of [...new Set(ids)].sort()) {
    await tx.query(`SELECT pg_advisory_xact_lock(hashtextextended('erasure ' || $1::text, 0))`, [
      id,
    ]);
  }
}

/** Says for good that a person is gone, and counts what went. @returns all rows so far */
export async function writeTombstone(
  tx: ErasureTx,
  { patientId, at }: Pick<ErasureOrder, 'patientId' | 'at'>,
  rows: number,
): Promise<number> {
  const written = await tx.query<{ rows: number }>(
    `INSERT INTO erased_subject AS known (id, erased_at, rows) VALUES ($1, $2, $3)
     ON CONFLICT (id) DO UPDATE SET rows = known.rows + EXCLUDED.rows, part_of = NULL
     RETURNING rows`,
    [patientId, at, rows],
  );
  return written.rows[0]?.rows ?? 0;
}

/** Whether the store has said that a person is gone. */
export async function hasTombstone(pool: DatabasePool, id: string): Promise<boolean> {
  const { rowCount } = await pool.query('SELECT FROM erased_subject WHERE id = $1', [id]);
  return rowCount === 1;
}

/** Runs a statement about one id. @returns how many rows it touched */
export async function touched(tx: ErasureTx, sql: string, ...values: unknown[]): Promise<number> {
  return (await tx.query(sql, values)).rowCount ?? 0;
}
