import { ownFaults } from './key-database-error.ts';
import type { SqlPool } from './sql-pool.ts';

/** A wrapped partition key as it is stored. */
export interface PartitionKeyRow {
  readonly id: string;
  readonly keyService: string;
  readonly kekVersion: number;
  readonly wrapped: Uint8Array;
}

/** A wrapped data key with the partition key that opens it. */
export interface DataKeyRow {
  readonly id: string;
  readonly ownerId: string;
  readonly wrapped: Uint8Array;
  readonly partition: PartitionKeyRow;
}

/** What is known of one owner: its active key, that it was erased, or neither. */
export interface OwnerRow {
  readonly ownerId: string;
  readonly erased: boolean;
  readonly active: DataKeyRow | undefined;
}

export interface NewDataKey {
  readonly id: string;
  readonly ownerId: string;
  readonly partitionKeyId: string;
  readonly wrapped: Uint8Array;
}

export interface NewPartitionKey extends PartitionKeyRow {
  readonly institutionId: string;
  /** First day of the month, YYYY-MM-DD. */
  readonly month: string;
}

/** The wrapped keys of one subgraph: its schema of the key database. */
export interface KeyStore {
  /** Whether there is any data key. */
  holdsDataKeys(): Promise<boolean>;
  /** Active or retired keys by id; ids that are not there are left out. */
  dataKeys(ids: readonly string[]): Promise<DataKeyRow[]>;
  /** One row for each owner, in the order given. */
  owners(ownerIds: readonly string[]): Promise<OwnerRow[]>;
  /**
   * Adds keys; an owner that has an active one or was erased meanwhile gets none.
   *
   * @param reservedUses how many seals the caller takes for itself
   * @returns the ids that were added
   */
  addDataKeys(keys: readonly NewDataKey[], reservedUses: number, at: Date): Promise<Set<string>>;
  /**
   * Takes further uses of active keys.
   *
   * @param limit most uses that a key may have
   * @returns the ids for which they were taken: others are retired, gone or worn out
   */
  reserveUses(uses: ReadonlyMap<string, number>, limit: number): Promise<Set<string>>;
  /** The newest partition key of an institution and month. */
  partitionKey(institutionId: string, month: string): Promise<PartitionKeyRow | undefined>;
  /** Adds the first one of its month, unless somebody was faster. */
  addPartitionKey(key: NewPartitionKey, at: Date): Promise<void>;
}

const partitionColumns = `'id', p.id, 'keyService', p.key_service, 'kekVersion', p.kek_version,
  'wrapped', encode(p.wrapped, 'base64')`;

interface JoinedRow {
  readonly id: string;
  readonly owner_id: string;
  readonly wrapped: Uint8Array;
  readonly partition: Omit<PartitionKeyRow, 'wrapped'> & { readonly wrapped: string };
}

/**
 * The key store of one subgraph. All statements name the schema, so that one pool serves several.
 *
 * @param store name of the subgraph: a schema that the migrations of `prisma/keys` made
 * @example const keys = createKeyStore(pool, 'patient');
 */
export function createKeyStore(keyPool: SqlPool, store: string): KeyStore {
  const pool = ownFaults(keyPool);
  const schema = quotedSchema(store);
  return {
    async holdsDataKeys() {
      const [found] = await ask<{ any: boolean }>(
        pool,
        `SELECT EXISTS (SELECT FROM ${schema}.data_key) AS any`,
        [],
      );
      return found?.any === true;
    },
    async dataKeys(ids) {
      const rows = await ask<JoinedRow>(
        pool,
        `SELECT d.id::text, d.owner_id::text, d.wrapped, json_build_object(${partitionColumns}) AS partition
         FROM ${schema}.data_key d JOIN ${schema}.partition_key p ON p.id = d.partition_key_id
         WHERE d.id = ANY($1::uuid[])`,
        [ids],
      );
      return rows.map(dataKeyOf);
    },
    async owners(ownerIds) {
      const rows = await ask<JoinedRow & { asked: string; erased: boolean | null }>(
        pool,
        `SELECT asked.id::text AS asked, o.erased, d.id::text, d.owner_id::text, d.wrapped,
           json_build_object(${partitionColumns}) AS partition
         FROM unnest($1::uuid[]) WITH ORDINALITY AS asked (id, place)
         LEFT JOIN ${schema}.key_owner o ON o.id = asked.id
         LEFT JOIN ${schema}.data_key d ON d.owner_id = asked.id AND d.state = 'ACTIVE'
         LEFT JOIN ${schema}.partition_key p ON p.id = d.partition_key_id
         ORDER BY asked.place`,
        [ownerIds],
      );
      return rows.map((row) => ({
        ownerId: row.asked,
        erased: row.erased === true,
        active: row.wrapped === null ? undefined : dataKeyOf(row),
      }));
    },
    addDataKeys: (keys, reservedUses, at) => addDataKeys(pool, schema, keys, reservedUses, at),
    async reserveUses(uses, limit) {
      const rows = await ask<{ id: string }>(
        pool,
        `UPDATE ${schema}.data_key d SET reserved_uses = d.reserved_uses + taken.uses
         FROM unnest($1::uuid[], $2::bigint[]) AS taken (id, uses)
         WHERE d.id = taken.id AND d.state = 'ACTIVE' AND d.reserved_uses + taken.uses <= $3
         RETURNING d.id::text`,
        [[...uses.keys()], [...uses.values()], limit],
      );
      return new Set(rows.map((row) => row.id));
    },
    ...partitionStore(pool, schema),
  };
}

function partitionStore(
  pool: SqlPool,
  schema: string,
): Pick<KeyStore, 'partitionKey' | 'addPartitionKey'> {
  return {
    async partitionKey(institutionId, month) {
      const [row] = await ask<PartitionKeyRow>(
        pool,
        `SELECT id::text, key_service AS "keyService", kek_version AS "kekVersion", wrapped
         FROM ${schema}.partition_key WHERE institution_id = $1 AND month = $2
         ORDER BY generation DESC LIMIT 1`,
        [institutionId, month],
      );
      return row;
    },
    async addPartitionKey(key, at) {
      await pool.query(
        `INSERT INTO ${schema}.partition_key
           (id, institution_id, month, key_service, kek_version, wrapped, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (institution_id, month, generation) DO NOTHING`,
        [
          key.id,
          key.institutionId,
          key.month,
          key.keyService,
          key.kekVersion,
          Buffer.from(key.wrapped),
          at,
        ],
      );
    },
  };
}

/** The name becomes part of SQL, so it is looked at even though it comes from our own code. */
export function quotedSchema(store: string): string {
  if (!/^[a-z]{1,40}$/.test(store)) throw new RangeError('not the name of a subgraph');
  return `"${store}"`;
}

/** Rows of our own statements: their columns are those that the statement names. */
export async function ask<TRow>(
  pool: SqlPool,
  sql: string,
  values: unknown[],
): Promise<readonly TRow[]> {
  const { rows } = await pool.query(sql, values);
  return rows as readonly TRow[];
}

function dataKeyOf(row: JoinedRow): DataKeyRow {
  const { wrapped, ...partition } = row.partition;
  return {
    id: row.id,
    ownerId: row.owner_id,
    wrapped: row.wrapped,
    partition: { ...partition, wrapped: Buffer.from(wrapped, 'base64') },
  };
}

/**
 * Owners and keys in one statement. The foreign key refuses an owner that is erased at the same
 * moment; whoever asks again then finds it erased.
 */
async function addDataKeys(
  pool: SqlPool,
  schema: string,
  keys: readonly NewDataKey[],
  reservedUses: number,
  at: Date,
): Promise<Set<string>> {
  const rows = await ask<{ id: string }>(
    pool,
    `WITH fresh AS (
       SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::bytea[])
         AS row (id, owner_id, partition_key_id, wrapped)
     ), known AS (
       INSERT INTO ${schema}.key_owner (id) SELECT owner_id FROM fresh ORDER BY owner_id
       ON CONFLICT DO NOTHING
     )
     INSERT INTO ${schema}.data_key
       (id, owner_id, partition_key_id, wrapped, reserved_uses, created_at)
     SELECT id, owner_id, partition_key_id, wrapped, $5, $6 FROM fresh
     WHERE NOT EXISTS (SELECT FROM ${schema}.key_owner o WHERE o.id = owner_id AND o.erased)
     ORDER BY owner_id
     ON CONFLICT (owner_id) WHERE state = 'ACTIVE' DO NOTHING RETURNING id::text`,
    [
      keys.map((key) => key.id),
      keys.map((key) => key.ownerId),
      keys.map((key) => key.partitionKeyId),
      keys.map((key) => Buffer.from(key.wrapped)),
      reservedUses,
      at,
    ],
  );
  return new Set(rows.map((row) => row.id));
}
