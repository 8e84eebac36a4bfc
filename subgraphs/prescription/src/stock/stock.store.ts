import {
  createBatchLoader,
  createPageLoader,
  groupBy,
  type FieldVersions,
  type OperationStamp,
  type PageRequest,
  type RequestContext,
} from '@caregraph/subgraph';
import type { Scope } from '@caregraph/access';
import type { Prisma, StockBatch, StockMovement } from '../../generated/prisma/client.ts';
import type { StoreClient, StoreTx } from '../client.ts';
import { toCivilDay, toStoredDay } from '../facility-day.ts';
import { createFilteredPages } from '../filtered-pages.ts';

export type StockBatchRecord = StockBatch;
export type StockMovementRecord = StockMovement;

export interface StockFilter {
  readonly medicineCode?: string | null | undefined;
  readonly expiringBefore?: string | null | undefined;
  readonly includeEmpty: boolean;
}

type Page = Pick<PageRequest, 'limit' | 'after'>;

/** The stock of the actor's institution; for those who may not read stock, of none. */
export function createStockStore(db: StoreClient, { scope, actor }: RequestContext) {
  const reads = actor.permissions.has('stock:read');
  const readable = reads ? [scope.institutionId] : [];
  const everywhere = reads && scope.everyInstitution;
  const visible = everywhere ? {} : { institutionId: { in: readable } };
  const byId = createBatchLoader(async (ids) => {
    const where = { AND: [visible, { id: { in: [...ids] } }] };
    const found = await db.stockBatch.findMany({ where });
    return new Map(found.map((batch) => [batch.id, batch]));
  });
  const pages = createFilteredPages<StockBatchRecord, StockFilter>(async (ids, page, filter) => {
    const chosen = await chosenBatches(db, ids, page, filter);
    const where = { AND: [visible, { id: { in: chosen } }] };
    const batches = await db.stockBatch.findMany({ where, orderBy: byExpiry });
    return groupBy(ids, batches, (batch) => batch.institutionId);
  });
  // A batch that was seen is in scope, and so is its ledger.
  const ledgers = createPageLoader((batchIds, page) => ledgersOf(db, batchIds, page));
  return {
    find: byId.find,
    sees: (institutionId: string) => everywhere || readable.includes(institutionId),
    ofInstitution: pages.load,
    ledger: ledgers.load,
    clear() {
      byId.clear();
      pages.clear();
      ledgers.clear();
    },
  };
}

const byExpiry = [
  { expiresOn: 'asc' },
  { id: 'asc' },
] satisfies Prisma.StockBatchOrderByWithRelationInput[];

/** First to expire first: the order in which a pharmacy hands out. */
export const expiryKey = (batch: StockBatchRecord) => [toCivilDay(batch.expiresOn), batch.id];

async function chosenBatches(
  db: StoreClient,
  institutionIds: readonly string[],
  page: Page,
  filter: StockFilter,
): Promise<string[]> {
  const [expiresOn = null, id = null] = page.after ?? [];
  const chosen = await db.$queryRawUnsafe<{ id: string }[]>(
    `SELECT batch.id::text FROM unnest($1::uuid[]) AS institution (id)
     CROSS JOIN LATERAL (
       SELECT id FROM stock_batch WHERE institution_id = institution.id
         AND ($2::text IS NULL OR medicine_code = $2) AND ($3::date IS NULL OR expires_on < $3::date)
         AND (on_hand > 0 OR $4::boolean)
         AND ($5::date IS NULL OR (expires_on, id) > ($5::date, $6::uuid))
       ORDER BY expires_on, id LIMIT $7
     ) AS batch`,
    institutionIds,
    filter.medicineCode ?? null,
    filter.expiringBefore ?? null,
    filter.includeEmpty,
    expiresOn,
    id,
    page.limit,
  );
  return chosen.map((batch) => batch.id);
}

async function ledgersOf(
  db: StoreClient,
  batchIds: readonly string[],
  page: Page,
): Promise<Map<string, StockMovementRecord[]>> {
  const chosen = await db.$queryRawUnsafe<{ id: string }[]>(
    `SELECT line.id::text FROM unnest($1::uuid[]) AS batch (id)
     CROSS JOIN LATERAL (
       SELECT id FROM stock_movement WHERE batch_id = batch.id
         AND ($2::int IS NULL OR sequence < $2::int)
       ORDER BY sequence DESC LIMIT $3
     ) AS line`,
    batchIds,
    page.after?.[0] === undefined ? null : Number(page.after[0]),
    page.limit,
  );
  const lines = await db.stockMovement.findMany({
    where: { id: { in: chosen.map((line) => line.id) } },
    orderBy: { sequence: 'desc' },
  });
  return groupBy(batchIds, lines, (line) => line.batchId);
}

/** Locks a batch of the institution that the actor works for. */
export async function lockBatch(
  tx: StoreTx,
  { institutionId }: Scope,
  id: string,
): Promise<StockBatchRecord | undefined> {
  await tx.$queryRaw`SELECT 1 FROM stock_batch
    WHERE id = ${id}::uuid AND institution_id = ${institutionId}::uuid FOR UPDATE`;
  return (await tx.stockBatch.findFirst({ where: { id, institutionId } })) ?? undefined;
}

/**
 * Tells whether there is such a medicine. It is asked before anything is written: otherwise an id that
 * another institution's batch has would be refused for itself first, and tell that it is there.
 */
export async function isKnownMedicine(tx: StoreTx, code: string): Promise<boolean> {
  return (await tx.medicine.count({ where: { code } })) === 1;
}

/** What names a batch on the shelf. */
export type BatchKey = Pick<StockBatchRecord, 'institutionId' | 'medicineCode' | 'batchNumber'> & {
  readonly expiresOn: string;
};

/** The id of a batch; it is made, empty, under the given id when the institution has none. */
export async function ensureBatch(
  tx: StoreTx,
  id: string,
  key: BatchKey,
  fieldVersions: FieldVersions,
  { authorId, recordedAt, receivedAt }: OperationStamp,
): Promise<string> {
  const { institutionId, medicineCode, batchNumber, expiresOn } = key;
  await tx.$executeRaw`
    INSERT INTO stock_batch (id, institution_id, medicine_code, batch_number, expires_on, on_hand,
      version, field_versions, author_id, recorded_at, received_at)
    VALUES (${id}::uuid, ${institutionId}::uuid, ${medicineCode}, ${batchNumber},
      ${expiresOn}::date, 0, 0, ${JSON.stringify(fieldVersions)}::jsonb, ${authorId}::uuid,
      ${recordedAt}::timestamptz, ${receivedAt}::timestamptz)
    ON CONFLICT (institution_id, medicine_code, batch_number, expires_on) DO NOTHING`;
  const day = { expiresOn: toStoredDay(expiresOn) };
  const named = { institutionId, medicineCode, batchNumber, ...day };
  const where = { institutionId_medicineCode_batchNumber_expiresOn: named };
  return (await tx.stockBatch.findUniqueOrThrow({ where, select: { id: true } })).id;
}
