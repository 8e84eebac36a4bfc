import {
  constraintViolation,
  isDataException,
  type ConstraintViolation,
} from '@caregraph/database';
import type { SqlPool } from './sql-pool.ts';

/**
 * The key database refused a statement by one of its own rules.
 *
 * Threat: inside a transaction of the store such a fault would be taken for the store's own, and
 * recorded as the verdict on what a worker wrote. Defence: it is of a class of its own, and what it
 * was made of is not its cause.
 */
export class KeyDatabaseError extends Error {
  readonly code = 'KEY_DATABASE_REFUSED';
  /** Left out when it was a value that no column could hold. */
  readonly violated: ConstraintViolation | undefined;

  constructor(violated: ConstraintViolation | undefined) {
    const rule = violated === undefined ? 'a value' : `${violated.kind} ${violated.constraint}`;
    super(`the key database refused a statement: ${rule}`);
    this.name = 'KeyDatabaseError';
    this.violated = violated;
  }
}

/** The pool of a key database; all faults but those of its rules come as they are. */
export function ownFaults(pool: SqlPool): SqlPool {
  return {
    async query(sql, values) {
      try {
        return await pool.query(sql, values);
      } catch (error) {
        const violated = constraintViolation(error);
        const isRefused = violated !== undefined || isDataException(error);
        throw isRefused ? new KeyDatabaseError(violated) : error;
      }
    },
  };
}
