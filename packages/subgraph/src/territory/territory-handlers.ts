import type { EventData, EventHandlers, SqlSession } from '@caregraph/messaging';

/** Keeps the store's knowledge of the area tree: only a later version replaces an earlier one. */
export async function placeArea(
  tx: SqlSession,
  { data }: { data: EventData<'org.caregraph.area.placed.v1'> },
): Promise<void> {
  await tx.$executeRawUnsafe(
    `INSERT INTO area_ref (id, ancestors, version) VALUES ($1::uuid, $2::uuid[], $3)
     ON CONFLICT (id) DO UPDATE SET ancestors = EXCLUDED.ancestors, version = EXCLUDED.version
     WHERE area_ref.version < EXCLUDED.version`,
    data.areaId,
    data.ancestors,
    data.version,
  );
}

/**
 * Keeps the store's knowledge of where a patient belongs. The area may arrive after the patient:
 * until then it stands for itself, and only its own workers see the patient.
 */
export async function placePatient(
  tx: SqlSession,
  { data }: { data: EventData<'org.caregraph.patient.placed.v1'> },
): Promise<void> {
  await tx.$executeRawUnsafe(
    `INSERT INTO area_ref (id, ancestors, version) VALUES ($1::uuid, ARRAY[$1::uuid], 0)
     ON CONFLICT (id) DO NOTHING`,
    data.areaId,
  );
  await tx.$executeRawUnsafe(
    `INSERT INTO patient_ref (id, area_id, institution_id, author_id, status, version)
     VALUES ($1::uuid, $2::uuid, $3::uuid, $4::uuid, $5, $6)
     ON CONFLICT (id) DO UPDATE SET area_id = EXCLUDED.area_id,
       institution_id = EXCLUDED.institution_id, author_id = EXCLUDED.author_id,
       status = EXCLUDED.status, version = EXCLUDED.version
     WHERE patient_ref.version < EXCLUDED.version`,
    data.patientId,
    data.areaId,
    data.institutionId,
    data.authorId,
    data.status,
    data.version,
  );
}

/** What the stores of facts about patients do with the events of the tree and of patients. */
export const territoryHandlers = {
  'org.caregraph.area.placed.v1': placeArea,
  'org.caregraph.patient.placed.v1': placePatient,
} as const satisfies EventHandlers<SqlSession>;
