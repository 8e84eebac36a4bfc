import {
  createBatchLoader,
  inTerritory,
  toConnection,
  type BatchLoader,
  type Connection,
  type PageRequest,
  type RequestContext,
} from '@caregraph/subgraph';
import type { Household } from '../../generated/prisma/client.ts';
import type { StoreClient } from '../client.ts';

export type HouseholdRow = Household;
type HouseholdPage = Connection<HouseholdRow>;

/** Households in scope. Whom they hold is a matter of the patients' store. */
interface HouseholdStore {
  find(id: string): Promise<HouseholdRow | null>;
  /** By id: oldest registration first. */
  page(filter: { areaId?: string | null }, page: PageRequest): Promise<HouseholdPage>;
  clear(): void;
}

export function createHouseholdStore(
  { prisma }: StoreClient,
  { scope, audit }: Pick<RequestContext, 'scope' | 'audit'>,
): HouseholdStore {
  // An opened record shows where its person lives, and of whom else they live with nothing.
  const opened = scope.openedPatientIds.map((id) => ({ members: { some: { id } } }));
  const inScope = { OR: [...inTerritory(scope).OR, ...opened] };
  // Where a household is and how to find it is told of everyone who lives there, also of those whom
  // the reader does not reach: it is on the record of each.
  const leave = async (rows: readonly HouseholdRow[]) => {
    if (rows.length === 0) return;
    const households = rows.map((row) => row.id);
    for (const id of await membersOf(prisma, households)) audit.saw('Household', id);
  };
  const byId: BatchLoader<HouseholdRow> = createBatchLoader(async (ids) => {
    const rows = await prisma.household.findMany({
      where: { AND: [{ id: { in: [...ids] } }, inScope] },
    });
    await leave(rows);
    return new Map(rows.map((row) => [row.id, row]));
  });
  return {
    find: byId.find,
    async page({ areaId }, page) {
      const [after] = page.after ?? [];
      const rows = await prisma.household.findMany({
        where: {
          AND: [
            inScope,
            ...(areaId == null ? [] : [{ area: { ancestors: { has: areaId } } }]),
            ...(after === undefined ? [] : [{ id: { gt: after } }]),
          ],
        },
        orderBy: { id: 'asc' },
        take: page.limit,
      });
      const connection = toConnection(rows, page, (row) => [row.id]);
      await leave(connection.edges.map(({ node }) => node));
      return connection;
    },
    clear: byId.clear,
  };
}

async function membersOf(
  prisma: StoreClient['prisma'],
  householdIds: readonly string[],
): Promise<string[]> {
  const rows = await prisma.$queryRaw<{ id: string }[]>`
    SELECT id::text FROM patient WHERE household_id = ANY(${[...householdIds]}::uuid[])`;
  return rows.map((row) => row.id);
}
