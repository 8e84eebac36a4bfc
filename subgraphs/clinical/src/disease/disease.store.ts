import { Fault } from '@caregraph/fault';
import { createBatchLoader, type PageRequest } from '@caregraph/subgraph';
import type { Disease } from '../../generated/prisma/client.ts';
import type { StoreClient, StoreTx } from '../client.ts';

export type DiseaseRecord = Disease;

/** Reference rows: nobody's secret, the same for every actor. */
export function createDiseaseStore(db: StoreClient) {
  const byCode = createBatchLoader(async (codes) => {
    const rows = await db.disease.findMany({ where: { code: { in: [...codes] } } });
    return new Map(rows.map((row) => [row.code, row]));
  });
  return {
    find: byCode.find,
    list: (search: { text?: string | null; language?: string | null }, page: PageRequest) =>
      searchDiseaseRows(db, search, page),
    clear: byCode.clear,
  };
}

/** The beginning of a code with or without its dot, or any part of a title. */
async function searchDiseaseRows(
  db: StoreClient,
  { text, language }: { text?: string | null; language?: string | null },
  page: PageRequest,
): Promise<DiseaseRecord[]> {
  const after = page.after?.[0] ?? null;
  if (after !== null && !/^[\w.-]{1,40}$/.test(after)) throw new Fault('CURSOR_INVALID');
  const asked = text?.trim() ?? '';
  const pattern = asked.replace(/[\\%_]/g, '\\$&');
  return db.$queryRawUnsafe<DiseaseRecord[]>(
    `SELECT code, chapter, title, translations, version FROM disease
     WHERE ($1 = '' OR replace(code, '.', '') ILIKE replace($1, '.', '') || '%'
         OR title ILIKE '%' || $1 || '%'
         OR EXISTS (SELECT 1 FROM jsonb_each_text(translations) AS other (language, title)
                    WHERE ($2::text IS NULL OR other.language = $2)
                      AND other.title ILIKE '%' || $1 || '%'))
       AND ($3::text IS NULL OR code > $3)
     ORDER BY code LIMIT $4`,
    pattern,
    language?.toLowerCase().split('-')[0] ?? null,
    after,
    page.limit,
  );
}

/** Those of the given codes that are known here. */
export async function knownDiseaseCodes(
  tx: StoreTx,
  codes: readonly string[],
): Promise<ReadonlySet<string>> {
  if (codes.length === 0) return new Set();
  const rows = await tx.disease.findMany({
    where: { code: { in: [...codes] } },
    select: { code: true },
  });
  return new Set(rows.map((row) => row.code));
}
