import {
  createBatchLoader,
  patientsInScope,
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
  { scope }: Pick<RequestContext, 'scope'>,
): HouseholdStore {
  const inScope = patientsInScope(scope);
  const byId: BatchLoader<HouseholdRow> = createBatchLoader(async (ids) => {
    const rows = await prisma.household.findMany({
      where: { AND: [{ id: { in: [...ids] } }, inScope] },
    });
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
      return toConnection(rows, page, (row) => [row.id]);
    },
    clear: byId.clear,
  };
}
