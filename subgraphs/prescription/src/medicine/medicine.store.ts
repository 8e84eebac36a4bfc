import { createBatchLoader, type PageRequest } from '@caregraph/subgraph';
import type { Medicine, Prisma } from '../../generated/prisma/client.ts';
import type { StoreClient } from '../client.ts';

export type MedicineRecord = Medicine;

export interface MedicineFilter {
  readonly search?: string | null | undefined;
  readonly language?: string | null | undefined;
  readonly institutionId?: string | null | undefined;
  readonly atcPrefix?: string | null | undefined;
}

/** The reference list of medicines: it is nobody's record, so every actor sees all of it. */
export function createMedicineStore(db: StoreClient) {
  const byCode = createBatchLoader(async (codes) => {
    const found = await db.medicine.findMany({ where: { code: { in: [...codes] } } });
    return new Map(found.map((medicine) => [medicine.code, medicine]));
  });
  return {
    find: byCode.find,
    /** A medicine that a foreign key vouches for. */
    async known(code: string): Promise<MedicineRecord> {
      const medicine = await byCode.load(code);
      if (medicine === undefined) throw new Error('a foreign key to a medicine is broken');
      return medicine;
    },
    list: (filter: MedicineFilter, page: PageRequest) =>
      db.medicine.findMany({
        where: { AND: [...conditions(filter), { code: { gt: page.after?.[0] ?? '' } }] },
        orderBy: { code: 'asc' },
        take: page.limit,
      }),
    clear: byCode.clear,
  };
}

function conditions({ search, language, institutionId, atcPrefix }: MedicineFilter) {
  const wanted: Prisma.MedicineWhereInput[] = [];
  if (search) wanted.push(named(search, language));
  if (institutionId) wanted.push({ formulary: { some: { institutionId, active: true } } });
  if (atcPrefix) wanted.push({ atcCode: { startsWith: escapeLike(atcPrefix.toUpperCase()) } });
  return wanted;
}

function named(search: string, language: string | null | undefined): Prisma.MedicineWhereInput {
  const part = escapeLike(search.trim());
  if (!language) return { searchText: { contains: part.toLowerCase() } };
  const base = language.toLowerCase().split('-')[0] ?? '';
  return {
    OR: [
      { title: { contains: part, mode: 'insensitive' } },
      { code: { contains: part, mode: 'insensitive' } },
      { translations: { path: [base], string_contains: search.trim(), mode: 'insensitive' } },
    ],
  };
}

/** A per cent sign or an underscore that somebody typed is meant as itself. */
function escapeLike(text: string): string {
  return text.replaceAll(/[\\%_]/g, '\\$&');
}
