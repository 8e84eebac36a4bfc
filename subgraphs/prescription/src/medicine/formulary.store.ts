import {
  createBatchLoader,
  groupBy,
  type FieldVersions,
  type OperationStamp,
  type PageRequest,
} from '@caregraph/subgraph';
import type { FormularyEntry, Prisma } from '../../generated/prisma/client.ts';
import type { StoreClient, StoreTx } from '../client.ts';
import { createFilteredPages } from '../filtered-pages.ts';

export type FormularyRecord = FormularyEntry;

interface FormularyFilter {
  readonly includeInactive: boolean;
}

/** What institutions stock; no secret among those who prescribe and refer. */
export function createFormularyStore(db: StoreClient) {
  const byId = createBatchLoader(async (ids) => {
    const found = await db.formularyEntry.findMany({ where: { id: { in: [...ids] } } });
    return new Map(found.map((entry) => [entry.id, entry]));
  });
  const pages = createFilteredPages<FormularyRecord, FormularyFilter>((ids, page, filter) =>
    entriesOf(db, ids, page, filter),
  );
  return {
    find: byId.find,
    ofInstitution: pages.load,
    clear() {
      byId.clear();
      pages.clear();
    },
  };
}

async function entriesOf(
  db: StoreClient,
  institutionIds: readonly string[],
  page: Pick<PageRequest, 'limit' | 'after'>,
  { includeInactive }: FormularyFilter,
): Promise<Map<string, FormularyRecord[]>> {
  const chosen = await db.$queryRawUnsafe<{ id: string }[]>(
    `SELECT entry.id::text FROM unnest($1::uuid[]) AS institution (id)
     CROSS JOIN LATERAL (
       SELECT id FROM formulary_entry WHERE institution_id = institution.id
         AND (active OR $2::boolean) AND medicine_code > $3
       ORDER BY medicine_code LIMIT $4
     ) AS entry`,
    institutionIds,
    includeInactive,
    page.after?.[0] ?? '',
    page.limit,
  );
  const entries = await db.formularyEntry.findMany({
    where: { id: { in: chosen.map((entry) => entry.id) } },
    orderBy: { medicineCode: 'asc' },
  });
  return groupBy(institutionIds, entries, (entry) => entry.institutionId);
}

/** Locks the entry of an institution for a medicine. */
export async function lockFormularyEntry(
  tx: StoreTx,
  institutionId: string,
  medicineCode: string,
): Promise<FormularyRecord | undefined> {
  await tx.$queryRaw`SELECT 1 FROM formulary_entry WHERE institution_id = ${institutionId}::uuid
    AND medicine_code = ${medicineCode} FOR UPDATE`;
  const where = { institutionId_medicineCode: { institutionId, medicineCode } };
  return (await tx.formularyEntry.findUnique({ where })) ?? undefined;
}

/** Adds an entry unless the institution has one for the medicine; tells whether it did. */
export async function insertFormularyEntry(
  tx: StoreTx,
  entry: Pick<FormularyRecord, 'id' | 'institutionId' | 'medicineCode' | 'active'> & {
    readonly fieldVersions: FieldVersions;
  },
  { authorId, recordedAt, receivedAt }: OperationStamp,
): Promise<boolean> {
  const inserted = await tx.$executeRaw`
    INSERT INTO formulary_entry (id, institution_id, medicine_code, active, version,
      field_versions, author_id, recorded_at, received_at)
    VALUES (${entry.id}::uuid, ${entry.institutionId}::uuid, ${entry.medicineCode},
      ${entry.active}, 1, ${JSON.stringify(entry.fieldVersions)}::jsonb, ${authorId}::uuid, ${recordedAt},
      ${receivedAt})
    ON CONFLICT (institution_id, medicine_code) DO NOTHING`;
  return inserted === 1;
}

export async function writeFormularyEntry(
  tx: StoreTx,
  id: string,
  data: Prisma.FormularyEntryUncheckedUpdateInput,
): Promise<void> {
  await tx.formularyEntry.update({ where: { id }, data });
}
