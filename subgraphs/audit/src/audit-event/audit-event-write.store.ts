import type { EventData, SqlSession } from '@caregraph/messaging';

/** Until the patient's own event arrives, a patient belongs to nobody, so that nobody sees them. */
const nobody = '00000000-0000-0000-0000-000000000000';

/** One statement an event, whatever the number of patients: a sync can tell of hundreds. */
const insertSql = `
WITH stored AS (
  INSERT INTO audit_event (id, request_id, subgraph, action, actor_id, client_id, roles,
    institution_id, device_id, purpose, operation, operation_id, outcome, occurred_at, recorded_at,
    received_at)
  VALUES ($1::uuid, $2::uuid, $3, $4, $5, $6, $7::text[], $8::uuid, $9::uuid, $10, $11, $12::uuid,
    $13, $14::timestamptz, $15::timestamptz, now())
  ON CONFLICT (id) DO NOTHING
  RETURNING id, request_id, actor_id, client_id, purpose, occurred_at
), touched AS (
  SELECT one.patient_id, one.types, stored.*
  FROM stored, jsonb_to_recordset($16::jsonb) AS one (patient_id uuid, types text[])
), known AS (
  INSERT INTO patient_ref (id, author_id, status, version)
  SELECT patient_id, '${nobody}', 'PROVISIONAL', 0 FROM touched
  ON CONFLICT (id) DO NOTHING
), grouped AS (
  INSERT INTO access_record
    (patient_id, event_id, request_id, actor_id, client_id, purpose, occurred_at)
  SELECT patient_id, id, request_id, actor_id, client_id, purpose, occurred_at FROM touched
  ON CONFLICT (patient_id, request_id, actor_id, client_id, purpose) DO NOTHING
)
INSERT INTO audit_access (event_id, patient_id, request_id, types)
SELECT id, patient_id, request_id, types FROM touched`;

/**
 * Keeps an event for good. The same id again changes nothing.
 *
 * @param id the event's own id
 * @param data each patient at most once
 */
export async function insertAuditEvent(
  tx: SqlSession,
  id: string,
  data: EventData<'org.caregraph.record.accessed.v1'>,
): Promise<void> {
  const { actor, accesses } = data;
  await tx.$executeRawUnsafe(
    insertSql,
    id,
    data.requestId,
    data.subgraph,
    data.action,
    actor.id,
    actor.clientId,
    actor.roles,
    actor.institutionId,
    actor.deviceId ?? null,
    data.purpose,
    data.operation ?? null,
    data.operationId ?? null,
    data.outcome,
    data.at,
    data.recordedAt ?? null,
    JSON.stringify(accesses.map(({ patientId, types }) => ({ patient_id: patientId, types }))),
  );
}
