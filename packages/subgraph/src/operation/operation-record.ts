import { outboxInsertSql, type OutboxRow, type SqlSession } from '@caregraph/messaging';
import type { Change, OperationInput, OperationStamp, Problem, Verdict } from './operation.ts';

/** The result that is kept with an operation: ids, versions and codes only. */
export interface OperationResult {
  readonly entityId?: string;
  readonly version?: number;
  readonly problems: readonly Problem[];
}

export interface EarlierOperation {
  /** Empty when it was blanked: by the erasure of whom it tells of, or because it came after it. */
  readonly requestHash: Uint8Array;
  /** Whether name, author, count and time are those of this call. */
  readonly sameStamp: boolean;
  readonly verdict: Verdict;
  readonly result: OperationResult;
  /** Whether a payload is kept with it. */
  readonly hasPayload: boolean;
  /** Those of `named` who were erased. */
  readonly erased: readonly string[];
}

/** An id that is ours now, or what the earlier call under it left. */
export type Claim =
  | {
      readonly kind: 'NEW';
      /** Those of `named` who were erased; the others stay until this transaction ends. */
      readonly erased: readonly string[];
    }
  | { readonly kind: 'REPLAY'; readonly earlier: EarlierOperation };

/**
 * Claims an operation id within the open transaction. A second call with the same id waits until
 * the first has committed, and then gets what it left. The same statement holds off the erasure of
 * whom the operation names, so that nothing is written about a person behind its back.
 */
export async function claimOperation(
  tx: SqlSession,
  claim: {
    name: string;
    actorId: string;
    input: OperationInput;
    stamp: OperationStamp;
    requestHash: Uint8Array;
    requestId: string;
    named: readonly string[];
  },
): Promise<Claim> {
  const { input, stamp } = claim;
  const [claimed] = await tx.$queryRawUnsafe<{ erased: string[] }[]>(
    `INSERT INTO operation_record (id, name, actor_id, device_id, device_sequence, request_hash,
       replaces, request_id, recorded_at, device_recorded_at, clock_offset_ms, received_at)
     VALUES ($1::uuid, $2, $3, $4::uuid, $5, decode($6, 'hex'), $7::uuid, $8::uuid,
       $9::timestamptz, $10::timestamptz, $11, $12::timestamptz)
     ON CONFLICT (id) DO NOTHING RETURNING erased_among($13::uuid[])::text[] AS erased`,
    input.id,
    claim.name,
    claim.actorId,
    stamp.deviceId,
    input.deviceSequence,
    Buffer.from(claim.requestHash).toString('hex'),
    input.replaces ?? null,
    claim.requestId,
    stamp.recordedAt.toISOString(),
    input.recordedAt,
    input.clockOffsetMs,
    stamp.receivedAt.toISOString(),
    claim.named,
  );
  if (claimed !== undefined) return { kind: 'NEW', erased: claimed.erased };
  return { kind: 'REPLAY', earlier: await readEarlier(tx, claim) };
}

async function readEarlier(
  tx: SqlSession,
  { input, name, actorId, named }: Parameters<typeof claimOperation>[1],
): Promise<EarlierOperation> {
  const [earlier] = await tx.$queryRawUnsafe<EarlierOperation[]>(
    `SELECT request_hash AS "requestHash", verdict, result,
       sealed_payload IS NOT NULL AS "hasPayload",
       name = $2 AND actor_id = $3 AND device_sequence = $4
         AND device_recorded_at = $5::timestamptz(3) AS "sameStamp",
       erased_among($6::uuid[])::text[] AS erased
     FROM operation_record WHERE id = $1::uuid`,
    input.id,
    name,
    actorId,
    input.deviceSequence,
    input.recordedAt,
    named,
  );
  if (earlier === undefined) throw new Error('an operation record vanished while it was replayed');
  return earlier;
}

export interface ConflictRow {
  readonly id: string;
  readonly typename: string;
  readonly entity_id: string;
  readonly field: string;
  readonly shown: string;
  /** Hex of the sealed value. */
  readonly kept_sealed: string;
  /** Whose key seals it. */
  readonly kept_owner_id: string;
}

/** What an operation recorded that could not be applied. */
export interface SealedPayload {
  readonly ownerId: string;
  readonly bytes: Uint8Array;
}

/**
 * Writes what an operation leaves behind in one statement: verdict, log, conflicts, events.
 *
 * Threat: what comes late about an erased person would bring a hash of their name back, which confirms
 * a guess of it. Defence: an operation that is refused as ERASED keeps no hash.
 */
export async function settleOperation(
  tx: SqlSession,
  settled: {
    stamp: OperationStamp;
    verdict: Verdict;
    result: OperationResult;
    sealedPayload: SealedPayload | undefined;
    changes: readonly Change[];
    conflicts: readonly ConflictRow[];
    events: readonly OutboxRow[];
  },
): Promise<void> {
  await tx.$executeRawUnsafe(
    `WITH log AS (
       INSERT INTO change_log_entry
         (typename, entity_id, version, area_before, area_after, changed_at)
       SELECT "typename", "entityId", "version", "areaBefore", "areaAfter", $6::timestamptz
       FROM jsonb_to_recordset($5::jsonb) AS row("typename" text, "entityId" uuid,
         "version" int, "areaBefore" uuid, "areaAfter" uuid)
     ), kept AS (
       INSERT INTO conflict_record
         (id, operation_id, typename, entity_id, field, shown, kept_sealed, kept_owner_id,
          author_id, detected_at)
       SELECT id, $1::uuid, typename, entity_id, field, shown, decode(kept_sealed, 'hex'),
         kept_owner_id, $7::uuid, $6::timestamptz
       FROM jsonb_to_recordset($8::jsonb) AS row(id uuid, typename text, entity_id uuid,
         field text, shown text, kept_sealed text, kept_owner_id uuid)
     ), events AS (${outboxInsertSql('$9')})
     UPDATE operation_record SET verdict = $2, result = $3::jsonb,
       request_hash = CASE WHEN $3::jsonb -> 'problems' @> '[{"code":"ERASED"}]' THEN ''::bytea
         ELSE request_hash END,
       sealed_payload = decode($4, 'hex'), payload_owner_id = $10::uuid WHERE id = $1::uuid`,
    settled.stamp.id,
    settled.verdict,
    JSON.stringify(settled.result),
    settled.sealedPayload ? Buffer.from(settled.sealedPayload.bytes).toString('hex') : null,
    JSON.stringify(settled.changes),
    settled.stamp.receivedAt.toISOString(),
    settled.stamp.authorId,
    JSON.stringify(settled.conflicts),
    JSON.stringify(settled.events),
    settled.sealedPayload?.ownerId ?? null,
  );
}
