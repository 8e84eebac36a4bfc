import { createBatchLoader, type OperationStamp, type PageRequest } from '@caregraph/subgraph';
import type { Institution, Prisma } from '../../generated/prisma/client.ts';
import type { StoreClient, StoreTx } from '../client.ts';

export type InstitutionRecord = Institution;

export interface InstitutionFilter {
  readonly areaId?: string | null | undefined;
  readonly kind?: string | null | undefined;
}

/** Institutions are public facts: every actor sees all of them. */
export function createInstitutionStore(db: StoreClient) {
  const byId = createBatchLoader(async (ids) => {
    const found = await db.institution.findMany({ where: { id: { in: [...ids] } } });
    return new Map(found.map((institution) => [institution.id, institution]));
  });
  return {
    load: byId.load,
    find: byId.find,
    /** An institution that a foreign key vouches for. */
    async known(id: string): Promise<InstitutionRecord> {
      const institution = await byId.load(id);
      if (institution === undefined) throw new Error('a foreign key to an institution is broken');
      return institution;
    },
    list({ areaId, kind }: InstitutionFilter, page: PageRequest) {
      const below = areaId ? { area: { ancestors: { has: areaId } } } : {};
      return db.institution.findMany({
        where: { AND: [below, kind ? { kind } : {}, after(page)] },
        orderBy: [{ name: 'asc' }, { id: 'asc' }],
        take: page.limit,
      });
    },
    clear: byId.clear,
  };
}

function after({ after: key }: PageRequest): Prisma.InstitutionWhereInput {
  if (key === undefined) return {};
  const [name = '', id = ''] = key;
  return { OR: [{ name: { gt: name } }, { name, id: { gt: id } }] };
}

/** Locks an institution for a change. */
export async function lockInstitution(
  tx: StoreTx,
  id: string,
): Promise<InstitutionRecord | undefined> {
  await tx.$queryRaw`SELECT 1 FROM institution WHERE id = ${id}::uuid FOR UPDATE`;
  return (await tx.institution.findUnique({ where: { id } })) ?? undefined;
}

export async function insertInstitution(
  tx: StoreTx,
  institution: Pick<Institution, 'id' | 'kind' | 'name' | 'registryCode' | 'areaId'> & {
    fieldVersions: Prisma.InputJsonValue;
  },
  { authorId, recordedAt, receivedAt }: OperationStamp,
): Promise<void> {
  const stamped = { version: 1, verification: 'UNVERIFIED', authorId, recordedAt, receivedAt };
  await tx.institution.create({ data: { ...institution, ...stamped } });
}

export async function writeInstitution(
  tx: StoreTx,
  id: string,
  data: Prisma.InstitutionUncheckedUpdateInput,
): Promise<void> {
  await tx.institution.update({ where: { id }, data });
}
