import {
  createBatchLoader,
  groupBy,
  patientsInScope,
  toConnection,
  type BatchLoader,
  type Connection,
  type PageRequest,
  type RequestContext,
} from '@caregraph/subgraph';
import type { Patient, Prisma } from '../../generated/prisma/client.ts';
import { toStoredDay } from '../civil-day.ts';
import type { StoreClient } from '../client.ts';

export type PatientRow = Patient;
type PatientPage = Connection<PatientRow>;

interface PatientFilter {
  readonly areaId?: string | null;
  readonly householdId?: string | null;
  readonly status?: string | null;
  readonly sex?: string | null;
  readonly bornFrom?: string | null;
  readonly bornTo?: string | null;
}

/** Patients in scope; who is not is not there. */
interface PatientStore {
  find(id: string): Promise<PatientRow | null>;
  /** Those who meet the filter, by id: oldest registration first. */
  page(filter: PatientFilter, page: PageRequest): Promise<PatientPage>;
  /** The members of a household, oldest registration first, at most a hundred. */
  membersOf(householdId: string): Promise<PatientRow[]>;
  clear(): void;
}

const maxMembers = 100;

export function createPatientStore(
  database: StoreClient,
  { scope, audit }: Pick<RequestContext, 'scope' | 'audit'>,
): PatientStore {
  const { prisma } = database;
  const inScope = patientsInScope(scope);
  const byId: BatchLoader<PatientRow> = createBatchLoader(async (ids) => {
    const rows = await prisma.patient.findMany({
      where: { AND: [{ id: { in: [...ids] } }, inScope] },
    });
    for (const row of rows) audit.saw('Patient', row.id);
    return new Map(rows.map((row) => [row.id, row]));
  });
  const members: BatchLoader<string[]> = createBatchLoader(async (householdIds) => {
    const rows = await firstMembers(database, householdIds);
    const groups = groupBy(householdIds, rows, (row) => row.householdId);
    return new Map([...groups].map(([id, group]) => [id, group.map((row) => row.id)]));
  });
  return {
    find: byId.find,
    async page(filter, page) {
      const [after] = page.after ?? [];
      const further = after === undefined ? [] : [{ id: { gt: after } }];
      const rows = await prisma.patient.findMany({
        where: { AND: [...conditionsOf(filter), inScope, ...further] },
        orderBy: { id: 'asc' },
        take: page.limit,
      });
      const connection = toConnection(rows, page, (row) => [row.id]);
      for (const { node } of connection.edges) audit.saw('Patient', node.id);
      return connection;
    },
    async membersOf(householdId) {
      const ids = (await members.load(householdId)) ?? [];
      const rows = await Promise.all(ids.map((id) => byId.load(id)));
      return rows.filter((row) => row !== undefined);
    },
    clear: () => [byId, members].forEach((loader) => loader.clear()),
  };
}

/** Ids alone: what is shown of them passes the scope when it is loaded. */
async function firstMembers(
  { prisma }: StoreClient,
  householdIds: readonly string[],
): Promise<{ id: string; householdId: string }[]> {
  return prisma.$queryRaw`
    SELECT id::text, household_id::text AS "householdId" FROM (
      SELECT id, household_id, row_number() OVER (PARTITION BY household_id ORDER BY id) AS place
      FROM patient WHERE household_id = ANY(${[...householdIds]}::uuid[])) AS member
    WHERE place <= ${maxMembers} ORDER BY id`;
}

/** The filter as the database takes it. */
function conditionsOf(filter: PatientFilter): Prisma.PatientWhereInput[] {
  const { areaId, householdId, status, sex, bornFrom, bornTo } = filter;
  const where: Prisma.PatientWhereInput[] = [];
  if (areaId != null) where.push({ area: { ancestors: { has: areaId } } });
  if (householdId != null) where.push({ householdId });
  if (status != null) where.push({ status });
  if (sex != null) where.push({ sex });
  if (bornFrom != null) where.push({ birthDate: { gte: toStoredDay(bornFrom) } });
  if (bornTo != null) where.push({ birthDate: { lte: toStoredDay(bornTo) } });
  return where;
}
