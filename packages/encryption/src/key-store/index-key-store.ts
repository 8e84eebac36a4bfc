import { ask, quotedSchema } from './key-store.ts';
import { ownFaults } from './key-database-error.ts';
import type { SqlPool } from './sql-pool.ts';

/** NEXT is searched with; WRITTEN is written and searched with; OUTGOING is searched with. */
export type IndexKeyState = 'NEXT' | 'WRITTEN' | 'OUTGOING';

export interface IndexKeyRow {
  readonly id: string;
  /** `Model.column`. */
  readonly column: string;
  readonly generation: number;
  readonly state: IndexKeyState;
  readonly keyService: string;
  readonly kekVersion: number;
  readonly wrapped: Uint8Array;
}

/** The wrapped index keys of one subgraph. */
export interface IndexKeyStore {
  /** All keys of these columns, oldest generation first. */
  indexKeys(columns: readonly string[]): Promise<readonly IndexKeyRow[]>;
  /** Adds a key, unless its column has one of the same generation. */
  addIndexKey(key: IndexKeyRow & { readonly createdAt: Date }): Promise<void>;
  /** NEXT becomes WRITTEN and WRITTEN becomes OUTGOING, at once; nothing without a NEXT. */
  switchIndexKey(column: string): Promise<void>;
  /** Drops the OUTGOING key of a column. */
  dropOutgoing(column: string): Promise<void>;
}

/** @param store name of the subgraph: a schema of the key database */
export function createIndexKeyStore(keyPool: SqlPool, store: string): IndexKeyStore {
  const pool = ownFaults(keyPool);
  const schema = quotedSchema(store);
  return {
    indexKeys: (columns) =>
      ask<IndexKeyRow>(
        pool,
        `SELECT id::text, field AS column, generation, state, key_service AS "keyService",
           kek_version AS "kekVersion", wrapped
         FROM ${schema}.index_key WHERE field = ANY($1::text[]) ORDER BY field, generation`,
        [columns],
      ),
    async addIndexKey(key) {
      await pool.query(
        `INSERT INTO ${schema}.index_key
           (id, field, generation, state, key_service, kek_version, wrapped, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (field, generation) DO NOTHING`,
        [
          key.id,
          key.column,
          key.generation,
          key.state,
          key.keyService,
          key.kekVersion,
          Buffer.from(key.wrapped),
          key.createdAt,
        ],
      );
    },
    async switchIndexKey(column) {
      // Outgoing first: only one key of a column may be written with, also within the transaction.
      await pool.query(
        `DO $switch$ BEGIN
           IF EXISTS (SELECT FROM ${schema}.index_key WHERE field = ${literal(column)} AND state = 'NEXT') THEN
             UPDATE ${schema}.index_key SET state = 'OUTGOING'
             WHERE field = ${literal(column)} AND state = 'WRITTEN';
             UPDATE ${schema}.index_key SET state = 'WRITTEN'
             WHERE field = ${literal(column)} AND state = 'NEXT';
           END IF;
         END $switch$`,
      );
    },
    async dropOutgoing(column) {
      await pool.query(`DELETE FROM ${schema}.index_key WHERE field = $1 AND state = 'OUTGOING'`, [
        column,
      ]);
    },
  };
}

/** A DO block takes no parameters; the names of columns come from our own schemas. */
function literal(column: string): string {
  if (!/^\w+\.\w+$/.test(column)) throw new RangeError('not a Model.column');
  return `'${column}'`;
}
