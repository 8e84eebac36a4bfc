import type { DatabasePool } from '@caregraph/database';
import type { PartitionKeyRow } from './key-store.ts';
import { quotedSchema } from './key-store.ts';

/** A wrapped key that the KEK wraps: of a partition or of an index. */
export interface KekWrappedRow {
  readonly table: 'partition_key' | 'index_key';
  readonly id: string;
  /** `Model.column` of an index key. */
  readonly column: string | null;
  readonly kekVersion: number;
  readonly wrapped: Uint8Array;
}

/** A key with what the newest version wraps it as. */
export interface RewrappedRow {
  readonly row: KekWrappedRow;
  readonly next: { readonly kekVersion: number; readonly wrapped: Uint8Array };
}

export interface PartitionRow extends PartitionKeyRow {
  readonly institutionId: string;
  readonly month: string;
  readonly generation: number;
}

export interface WrappedDataKey {
  readonly id: string;
  readonly ownerId: string;
  readonly wrapped: Uint8Array;
}

/** What rotations read and write of the wrapped keys of one subgraph. */
export interface RotationStore {
  /** Keys that an older version of the KEK wraps, but for some. */
  wrappedBelow(
    kekVersion: number,
    limit: number,
    except?: readonly string[],
  ): Promise<KekWrappedRow[]>;
  countWrappedBelow(kekVersion: number, except?: readonly string[]): Promise<number>;
  /** The newest version of a key service's KEK that any key is wrapped by; 0 when there is none. */
  newestVersion(keyService: string): Promise<number>;
  /** When the oldest key that is there was made. */
  firstKeyAt(): Promise<Date | undefined>;
  /** Replaces what keys are wrapped as, at once; not those that somebody replaced meanwhile. */
  rewrap(rows: readonly RewrappedRow[]): Promise<void>;
  /** Partition keys made before an instant that are the newest of their month, by id. */
  partitionsBefore(at: Date, after: string, limit: number): Promise<PartitionRow[]>;
  countDataKeys(): Promise<number>;
  /** Adds the next generation of a partition key. */
  addGeneration(key: PartitionRow, at: Date): Promise<void>;
  /** Data keys under one partition key, but for some. */
  dataKeysUnder(
    partitionKeyId: string,
    limit: number,
    except: readonly string[],
  ): Promise<WrappedDataKey[]>;
  /** Hangs data keys under another partition key, unless somebody did meanwhile. */
  moveDataKeys(
    from: string,
    to: string,
    keys: readonly { readonly id: string; readonly wrapped: Uint8Array }[],
  ): Promise<void>;
  /** Removes partition keys of older generations that nothing lies under any more. */
  dropEmptyGenerations(before: Date): Promise<number>;
  /** An older generation that data keys still lie under, but for some keys of either kind. */
  filledOldGeneration(except: readonly string[]): Promise<PartitionRow | undefined>;
}

const partition = `id::text, institution_id::text AS "institutionId", month::text, generation,
  key_service AS "keyService", kek_version AS "kekVersion", wrapped`;

/** @param store name of the subgraph: a schema of the key database */
export function createRotationStore(pool: DatabasePool, store: string): RotationStore {
  const schema = quotedSchema(store);
  return {
    ...kekStore(pool, schema),
    ...generationStore(pool, schema),
    ...movingStore(pool, schema),
  };
}

function kekStore(pool: DatabasePool, schema: string) {
  const all = `
    SELECT 'partition_key' AS table, id::text, NULL AS column, kek_version AS "kekVersion", wrapped
    FROM ${schema}.partition_key WHERE kek_version < $1 AND id <> ALL($2::uuid[])
    UNION ALL
    SELECT 'index_key', id::text, field, kek_version, wrapped
    FROM ${schema}.index_key WHERE kek_version < $1 AND id <> ALL($2::uuid[])`;
  return {
    async wrappedBelow(kekVersion: number, limit: number, except: readonly string[] = []) {
      const { rows } = await pool.query<KekWrappedRow>(`${all} ORDER BY 1, 2 LIMIT ${limit}`, [
        ...[kekVersion, except],
      ]);
      return rows;
    },
    async countWrappedBelow(kekVersion: number, except: readonly string[] = []) {
      const { rows } = await pool.query<{ count: number }>(
        `SELECT count(*)::int AS count FROM (${all}) AS old`,
        [kekVersion, except],
      );
      return rows[0]?.count ?? 0;
    },
    async newestVersion(keyService: string) {
      const { rows } = await pool.query<{ newest: number }>(
        `SELECT coalesce(max(kek_version), 0)::int AS newest FROM (
           SELECT key_service, kek_version FROM ${schema}.partition_key
           UNION ALL SELECT key_service, kek_version FROM ${schema}.index_key) AS wrapped
         WHERE key_service = $1`,
        [keyService],
      );
      return rows[0]?.newest ?? 0;
    },
    async firstKeyAt() {
      const { rows } = await pool.query<{ at: Date | null }>(
        `SELECT least((SELECT min(created_at) FROM ${schema}.partition_key),
           (SELECT min(created_at) FROM ${schema}.index_key)) AS at`,
      );
      return rows[0]?.at ?? undefined;
    },
    async rewrap(rows: readonly RewrappedRow[]) {
      for (const table of ['partition_key', 'index_key'] as const) {
        const own = rows.filter(({ row }) => row.table === table);
        if (own.length === 0) continue;
        await pool.query(
          `UPDATE ${schema}.${table} k SET kek_version = n.version, wrapped = n.wrapped
           FROM unnest($1::uuid[], $2::int[], $3::bytea[], $4::bytea[])
             AS n (id, version, wrapped, before)
           WHERE k.id = n.id AND k.wrapped = n.before`,
          [
            own.map(({ row }) => row.id),
            own.map(({ next }) => next.kekVersion),
            own.map(({ next }) => Buffer.from(next.wrapped)),
            own.map(({ row }) => Buffer.from(row.wrapped)),
          ],
        );
      }
    },
  };
}

/** Tells, of a row `p`, whether it is the newest partition key of its month. */
const newestIn = (schema: string) => `NOT EXISTS (SELECT FROM ${schema}.partition_key n
  WHERE n.institution_id = p.institution_id AND n.month = p.month AND n.generation > p.generation)`;

function generationStore(pool: DatabasePool, schema: string) {
  const newest = newestIn(schema);
  return {
    async partitionsBefore(at: Date, after: string, limit: number) {
      const { rows } = await pool.query<PartitionRow>(
        `SELECT ${partition} FROM ${schema}.partition_key p
         WHERE p.created_at < $1 AND p.id > $2 AND ${newest} ORDER BY p.id LIMIT ${limit}`,
        [at, after],
      );
      return rows;
    },
    async addGeneration(key: PartitionRow, at: Date) {
      await pool.query(
        `INSERT INTO ${schema}.partition_key (id, institution_id, month, generation, key_service,
           kek_version, wrapped, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (institution_id, month, generation) DO NOTHING`,
        [
          ...[key.id, key.institutionId, key.month, key.generation, key.keyService],
          ...[key.kekVersion, Buffer.from(key.wrapped), at],
        ],
      );
    },
    async dropEmptyGenerations(before: Date) {
      const { rowCount } = await pool.query(
        `DELETE FROM ${schema}.partition_key p WHERE NOT (${newest}) AND p.created_at < $1
           AND NOT EXISTS (SELECT FROM ${schema}.data_key d WHERE d.partition_key_id = p.id)`,
        [before],
      );
      return rowCount ?? 0;
    },
    async filledOldGeneration(except: readonly string[]) {
      const { rows } = await pool.query<PartitionRow>(
        `SELECT ${partition} FROM ${schema}.partition_key p WHERE NOT (${newest})
           AND p.id <> ALL($1::uuid[])
           AND EXISTS (SELECT FROM ${schema}.data_key d
             WHERE d.partition_key_id = p.id AND d.id <> ALL($1::uuid[]))
         ORDER BY p.id LIMIT 1`,
        [except],
      );
      return rows[0];
    },
  };
}

function movingStore(pool: DatabasePool, schema: string) {
  return {
    async countDataKeys() {
      const { rows } = await pool.query<{ count: number }>(
        `SELECT count(*)::int AS count FROM ${schema}.data_key`,
      );
      return rows[0]?.count ?? 0;
    },
    async dataKeysUnder(partitionKeyId: string, limit: number, except: readonly string[]) {
      const { rows } = await pool.query<WrappedDataKey>(
        `SELECT id::text, owner_id::text AS "ownerId", wrapped FROM ${schema}.data_key
         WHERE partition_key_id = $1 AND id <> ALL($2::uuid[]) ORDER BY id LIMIT ${limit}`,
        [partitionKeyId, except],
      );
      return rows;
    },
    async moveDataKeys(
      from: string,
      to: string,
      keys: readonly { readonly id: string; readonly wrapped: Uint8Array }[],
    ) {
      await pool.query(
        `UPDATE ${schema}.data_key d SET partition_key_id = $2, wrapped = moved.wrapped
         FROM unnest($3::uuid[], $4::bytea[]) AS moved (id, wrapped)
         WHERE d.id = moved.id AND d.partition_key_id = $1`,
        [from, to, keys.map((key) => key.id), keys.map((key) => Buffer.from(key.wrapped))],
      );
    },
  };
}
