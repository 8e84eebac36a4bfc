import {
  createBatchLoader,
  createPageLoader,
  groupBy,
  type OperationStamp,
  type PageRequest,
} from '@caregraph/subgraph';
import type { Area, Prisma } from '../../generated/prisma/client.ts';
import type { StoreClient, StoreTx } from '../client.ts';

export type AreaRecord = Area;

export interface AreaFilter {
  readonly parentId?: string | null | undefined;
  readonly kind?: string | null | undefined;
}

/** The area tree; it holds no patient data, so every actor sees all of it. */
export function createAreaStore(db: StoreClient) {
  const byId = createBatchLoader(async (ids) => {
    const areas = await db.area.findMany({ where: { id: { in: [...ids] } } });
    return new Map(areas.map((area) => [area.id, area]));
  });
  const childPages = createPageLoader((parentIds, page) => childrenOf(db, parentIds, page));
  return {
    load: byId.load,
    find: byId.find,
    async loadAll(ids: readonly string[]): Promise<AreaRecord[]> {
      const areas = await Promise.all(ids.map(byId.load));
      return areas.filter((area) => area !== undefined);
    },
    /** An area that a foreign key vouches for. */
    async known(id: string): Promise<AreaRecord> {
      const area = await byId.load(id);
      if (area === undefined) throw new Error('a foreign key of the area tree is broken');
      return area;
    },
    children: childPages.load,
    list: ({ parentId, kind }: AreaFilter, page: PageRequest) =>
      db.area.findMany({
        where: { AND: [{ parentId: parentId ?? null, ...(kind ? { kind } : {}) }, after(page)] },
        orderBy: [{ name: 'asc' }, { id: 'asc' }],
        take: page.limit,
      }),
    clear() {
      byId.clear();
      childPages.clear();
    },
  };
}

function after({ after: key }: PageRequest): Prisma.AreaWhereInput {
  if (key === undefined) return {};
  const [name = '', id = ''] = key;
  return { OR: [{ name: { gt: name } }, { name, id: { gt: id } }] };
}

async function childrenOf(
  db: StoreClient,
  parentIds: readonly string[],
  page: Pick<PageRequest, 'limit' | 'after'>,
): Promise<Map<string, AreaRecord[]>> {
  const [name = null, id = null] = page.after ?? [];
  const chosen = await db.$queryRawUnsafe<{ id: string }[]>(
    `SELECT child.id::text FROM unnest($1::uuid[]) AS parent (id)
     CROSS JOIN LATERAL (
       SELECT id FROM area WHERE parent_id = parent.id
         AND ($2::text IS NULL OR (name, id) > ($2::text, $3::uuid))
       ORDER BY name, id LIMIT $4
     ) AS child`,
    parentIds,
    name,
    id,
    page.limit,
  );
  const areas = await db.area.findMany({
    where: { id: { in: chosen.map((child) => child.id) } },
    orderBy: [{ name: 'asc' }, { id: 'asc' }],
  });
  return groupBy(parentIds, areas, (area) => area.parentId ?? '');
}

/** Locks an area for a change. */
export async function lockArea(tx: StoreTx, id: string): Promise<AreaRecord | undefined> {
  await tx.$queryRaw`SELECT 1 FROM area WHERE id = ${id}::uuid FOR UPDATE`;
  return (await tx.area.findUnique({ where: { id } })) ?? undefined;
}

/** The areas on the way from the root, in that order. */
export async function areasOnTheWay(
  tx: StoreTx,
  ancestors: readonly string[],
): Promise<{ id: string; kind: string }[]> {
  const select = { id: true, kind: true, ancestors: true };
  const areas = await tx.area.findMany({ where: { id: { in: [...ancestors] } }, select });
  return areas.sort((one, other) => one.ancestors.length - other.ancestors.length);
}

/** Tells whether an area is one of the roots or lies below one. */
export async function isAreaWithin(
  tx: StoreTx,
  id: string,
  roots: readonly string[],
): Promise<boolean> {
  const found = await tx.area.count({ where: { id, ancestors: { hasSome: [...roots] } } });
  return found > 0;
}

export async function insertArea(
  tx: StoreTx,
  area: Omit<Prisma.AreaUncheckedCreateInput, 'authorId' | 'recordedAt' | 'receivedAt' | 'version'>,
  stamp: OperationStamp,
): Promise<AreaRecord> {
  const { authorId, recordedAt, receivedAt } = stamp;
  return tx.area.create({ data: { ...area, version: 1, authorId, recordedAt, receivedAt } });
}

export async function writeArea(
  tx: StoreTx,
  id: string,
  data: Prisma.AreaUncheckedUpdateInput,
): Promise<void> {
  await tx.area.update({ where: { id }, data });
}
