import type { EventHandlers, ReceivedEvent, SqlSession } from '@caregraph/messaging';

type AreaPlaced = ReceivedEvent<'org.caregraph.area.placed.v1'>;
type PatientPlaced = ReceivedEvent<'org.caregraph.patient.placed.v1'>;

/** Keeps the store's knowledge of the area tree: only a later version replaces an earlier one. */
async function placeAreas(tx: SqlSession, events: readonly AreaPlaced[]): Promise<void> {
  await tx.$executeRawUnsafe(
    `INSERT INTO area_ref (id, ancestors, version)
     SELECT DISTINCT ON ("areaId") "areaId", "ancestors", "version"
     FROM jsonb_to_recordset($1::jsonb)
       AS placed ("areaId" uuid, "ancestors" uuid[], "version" int)
     ORDER BY "areaId", "version" DESC
     ON CONFLICT (id) DO UPDATE SET ancestors = EXCLUDED.ancestors, version = EXCLUDED.version
     WHERE area_ref.version < EXCLUDED.version`,
    JSON.stringify(events.map((event) => event.data)),
  );
}

/**
 * Keeps the store's knowledge of where patients belong. An area may arrive after its patients:
 * until then it stands for itself, and only its own workers see them. An event about a patient who
 * was erased is late, whatever its version: their reference stays, so that it is met here.
 */
export async function placePatients(
  tx: SqlSession,
  events: readonly PatientPlaced[],
): Promise<void> {
  await tx.$executeRawUnsafe(
    `WITH placed AS (
       SELECT DISTINCT ON ("patientId") * FROM jsonb_to_recordset($1::jsonb)
         AS one ("patientId" uuid, "areaId" uuid, "institutionId" uuid, "authorId" uuid,
           "status" text, "version" int)
       ORDER BY "patientId", "version" DESC
     ), areas AS (
       INSERT INTO area_ref (id, ancestors, version)
       SELECT DISTINCT "areaId", ARRAY["areaId"], 0 FROM placed ORDER BY "areaId"
       ON CONFLICT (id) DO NOTHING
     )
     INSERT INTO patient_ref (id, area_id, institution_id, author_id, status, version)
     SELECT "patientId", "areaId", "institutionId", "authorId", "status", "version" FROM placed
     ON CONFLICT (id) DO UPDATE SET area_id = EXCLUDED.area_id,
       institution_id = EXCLUDED.institution_id, author_id = EXCLUDED.author_id,
       status = EXCLUDED.status, version = EXCLUDED.version
     WHERE patient_ref.version < EXCLUDED.version AND patient_ref.status <> 'ERASED'`,
    JSON.stringify(events.map((event) => event.data)),
  );
}

/** What the stores of facts about patients do with the events of the tree and of patients. */
export const territoryHandlers = {
  'org.caregraph.area.placed.v1': placeAreas,
  'org.caregraph.patient.placed.v1': placePatients,
} as const satisfies EventHandlers<SqlSession>;
