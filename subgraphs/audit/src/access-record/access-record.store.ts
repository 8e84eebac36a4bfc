import {
  createPageLoader,
  groupBy,
  pageRequest,
  toConnection,
  type Connection,
  type PageLoader,
  type PageRequest,
} from '@caregraph/subgraph';
import type { AccessRecord } from '../../generated/prisma/client.ts';
import { instantKey, type AuditEventRow, type AuditEventStore } from '../audit-event/index.ts';
import type { StoreAccess } from '../store-access.ts';
import type { PatientStore } from './patient.store.ts';

/** A line of a history, with all that its request did to the patient's record. */
export interface AccessRecordEntry extends AccessRecord {
  readonly events: readonly AuditEventRow[];
  readonly types: readonly string[];
}

type Page = Pick<PageRequest, 'limit' | 'after'>;

/** The sort key: the instant, and the event that made the line. */
const newestFirst = (record: AccessRecord) => [record.occurredAt.toISOString(), record.eventId];

/** Histories of patients in scope: four statements a page, whatever the number of patients. */
export function createAccessRecordStore(
  access: StoreAccess,
  patients: PatientStore,
  loadEvent: AuditEventStore['load'],
) {
  const loaders = new Map<string, PageLoader<AccessRecordEntry>>();

  async function historiesOf(patientIds: readonly string[], action: string | null, page: Page) {
    const visible = await visibleOf(patients, patientIds);
    const records = await listRecords(access, visible, action, page);
    const entries = await withEvents(access, records, loadEvent);
    return groupBy(visible, entries, (entry) => entry.patientId);
  }

  function loaderOf(action: string | null): PageLoader<AccessRecordEntry> {
    const key = action ?? '';
    const loader =
      loaders.get(key) ?? createPageLoader((ids, page) => historiesOf(ids, action, page));
    loaders.set(key, loader);
    return loader;
  }

  return {
    /** A page of a patient's history, newest first, or null for a patient who is out of scope. */
    async history(
      patientId: string,
      args: Parameters<typeof pageRequest>[1],
      action: string | null,
    ): Promise<Connection<AccessRecordEntry> | null> {
      if ((await patients.load(patientId)) === undefined) return null;
      access.audit.saw('AuditEvent', patientId);
      const page = pageRequest('Patient.accessHistory', args, [patientId, action]);
      return toConnection(await loaderOf(action).load(patientId, page), page, newestFirst);
    },
    clear: () => loaders.clear(),
  };
}

async function visibleOf(patients: PatientStore, ids: readonly string[]): Promise<string[]> {
  const rows = await Promise.all(ids.map(patients.load));
  return rows.flatMap((row) => row?.id ?? []);
}

/**
 * Threat: whoever repeats another's request id could hide among what the other did. Defence: a
 * request is one only when actor, client and purpose are the same too.
 */
const sameRequest = `access.patient_id = record.patient_id
  AND access.request_id = record.request_id AND event.actor_id = record.actor_id
  AND event.client_id = record.client_id AND event.purpose = record.purpose`;

async function listRecords(
  { db }: StoreAccess,
  patientIds: readonly string[],
  action: string | null,
  page: Page,
): Promise<AccessRecord[]> {
  if (patientIds.length === 0) return [];
  const key = instantKey(page);
  return db.$queryRawUnsafe<AccessRecord[]>(
    `SELECT listed.patient_id::text AS "patientId", listed.event_id::text AS "eventId",
       listed.request_id::text AS "requestId", listed.actor_id AS "actorId",
       listed.client_id AS "clientId", listed.purpose, listed.occurred_at AS "occurredAt"
     FROM unnest($1::uuid[]) AS asked (id)
     CROSS JOIN LATERAL (
       SELECT record.* FROM access_record AS record
       WHERE record.patient_id = asked.id
         AND ($2::timestamptz IS NULL
           OR (record.occurred_at, record.event_id) < ($2::timestamptz, $3::uuid))
         AND ($4::text IS NULL OR EXISTS (
           SELECT FROM audit_access AS access JOIN audit_event AS event ON event.id = access.event_id
           WHERE ${sameRequest} AND event.action = $4))
       ORDER BY record.occurred_at DESC, record.event_id DESC LIMIT $5
     ) AS listed ORDER BY listed.occurred_at DESC, listed.event_id DESC`,
    patientIds,
    key?.at ?? null,
    key?.id ?? null,
    action,
    page.limit,
  );
}

interface EventOfRecord {
  readonly record: string;
  readonly event: string;
  readonly types: string[];
}

async function withEvents(
  { db }: StoreAccess,
  records: readonly AccessRecord[],
  loadEvent: AuditEventStore['load'],
): Promise<AccessRecordEntry[]> {
  if (records.length === 0) return [];
  const rows = await db.$queryRawUnsafe<EventOfRecord[]>(
    `SELECT record.patient_id::text || record.event_id::text AS record,
       access.event_id::text AS event, access.types
     FROM unnest($1::uuid[], $2::uuid[]) AS asked (patient_id, event_id)
     JOIN access_record AS record USING (patient_id, event_id)
     JOIN audit_access AS access ON access.patient_id = record.patient_id
       AND access.request_id = record.request_id
     JOIN audit_event AS event ON event.id = access.event_id AND ${sameRequest}
     ORDER BY event.occurred_at, event.id`,
    records.map((record) => record.patientId),
    records.map((record) => record.eventId),
  );
  const keys = records.map((record) => record.patientId + record.eventId);
  const ofRecord = groupBy(keys, rows, (row) => row.record);
  return Promise.all(
    records.map(async (record) => {
      const own = ofRecord.get(record.patientId + record.eventId) ?? [];
      const events = await Promise.all(own.map((row) => loadEvent(row.event)));
      const types = [...new Set(own.flatMap((row) => row.types))].sort();
      return { ...record, events: events.filter((event) => event !== undefined), types };
    }),
  );
}
