import { ask, quotedSchema } from '../key-store/key-store.ts';
import type { SqlPool } from '../key-store/sql-pool.ts';

/** Whether every value of a store is sealed, so that plain bytes in it are somebody's forgery. */
export interface SealedState {
  /** What was last heard. Once true it stays true. */
  isSealed(): boolean;
  /** Asks the key database again, unless the answer is final. */
  refresh(): Promise<void>;
  /** Says for good that the store is sealed. */
  markSealed(at: Date): Promise<void>;
}

/** @param store name of the subgraph: a schema of the key database */
export function createSealedState(pool: SqlPool, store: string): SealedState {
  const schema = quotedSchema(store);
  let sealed = false;
  return {
    isSealed: () => sealed,
    async refresh() {
      if (sealed) return;
      sealed = (await ask(pool, `SELECT 1 FROM ${schema}.store_state`, [])).length > 0;
    },
    async markSealed(at) {
      await pool.query(
        `INSERT INTO ${schema}.store_state (sealed_at) VALUES ($1) ON CONFLICT DO NOTHING`,
        [at],
      );
      sealed = true;
    },
  };
}
