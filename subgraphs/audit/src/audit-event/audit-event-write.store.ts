import { nilUuid } from '@caregraph/clock';
import type { EventData, SqlSession } from '@caregraph/messaging';

/**
 * One statement a delivery, whatever the number of events and patients. Until the patient's own event
 * arrives, a patient belongs to nobody, so that nobody sees them.
 */
const insertSql = `
WITH given AS (
  SELECT * FROM jsonb_to_recordset($1::jsonb) AS one ("id" uuid, "requestId" uuid, "subgraph" text,
    "action" text, "actorId" text, "clientId" text, "roles" text[], "institutionId" uuid,
    "deviceId" uuid, "purpose" text, "operation" text, "operationId" uuid, "outcome" text,
    "at" timestamptz, "recordedAt" timestamptz, "grantId" uuid, "grantReason" text,
    "openedPatientId" uuid, "accesses" jsonb)
), stored AS (
  INSERT INTO audit_event (id, request_id, subgraph, action, actor_id, client_id, roles,
    institution_id, device_id, purpose, operation, operation_id, outcome, occurred_at, recorded_at,
    grant_id, grant_reason, opened_patient_id, received_at)
  SELECT "id", "requestId", "subgraph", "action", "actorId", "clientId", "roles", "institutionId",
    "deviceId", "purpose", "operation", "operationId", "outcome", "at", "recordedAt", "grantId",
    "grantReason", "openedPatientId", now()
  FROM given ORDER BY "id"
  ON CONFLICT (id) DO NOTHING
  RETURNING id, request_id, actor_id, client_id, purpose, occurred_at
), touched AS (
  SELECT access."patientId" AS patient_id, access."types" AS types, stored.*
  FROM stored JOIN given ON given."id" = stored.id,
    jsonb_to_recordset(given."accesses") AS access ("patientId" uuid, "types" text[])
), known AS (
  INSERT INTO patient_ref (id, author_id, status, version)
  SELECT DISTINCT patient_id, '${nilUuid}'::uuid, 'PROVISIONAL', 0 FROM touched ORDER BY patient_id
  ON CONFLICT (id) DO NOTHING
), grouped AS (
  INSERT INTO access_record
    (patient_id, event_id, request_id, actor_id, client_id, purpose, occurred_at)
  SELECT patient_id, id, request_id, actor_id, client_id, purpose, occurred_at FROM touched
  ORDER BY patient_id, occurred_at, id
  ON CONFLICT (patient_id, request_id, actor_id, client_id, purpose) DO NOTHING
)
INSERT INTO audit_access (event_id, patient_id, request_id, types)
SELECT id, patient_id, request_id, types FROM touched`;

/**
 * Keeps events for good. The same id again changes nothing.
 *
 * @param events each with its own id, and each patient at most once in it
 */
export async function insertAuditEvents(
  tx: SqlSession,
  events: readonly ({ readonly id: string } & EventData<'org.caregraph.record.accessed.v1'>)[],
): Promise<void> {
  const rows = events.map(({ actor, breakGlass, ...event }) => {
    const { id: actorId, clientId, roles, institutionId, deviceId } = actor;
    const { grantId, reason: grantReason, patientId: openedPatientId } = breakGlass ?? {};
    const opened = { grantId, grantReason, openedPatientId };
    return { ...event, actorId, clientId, roles, institutionId, deviceId, ...opened };
  });
  await tx.$executeRawUnsafe(insertSql, JSON.stringify(rows));
}
