import type { Scope } from '@caregraph/access';
import { Fault } from '@caregraph/fault';
import { asciiDigits, matchesName, nameWords } from '@caregraph/name-matching';
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
  readonly name?: string | null;
  readonly phone?: string | null;
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
/** Rows of a search by name or phone that are opened and compared in one step, and in all. */
const comparedAtOnce = 100;
const mostOpened = 2_000;

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
      const rows = await search(database, scope, filter, page);
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

/**
 * Blind indexes answer with a few too many: tokens are truncated, and two words of a search may
 * have found the same word of a name. What is opened is compared again, until the page is full.
 */
async function search(
  database: StoreClient,
  scope: Scope,
  filter: PatientFilter,
  page: PageRequest,
): Promise<PatientRow[]> {
  const where = await conditionsOf(database, filter);
  if (where === undefined) return [];
  const compared = filter.name != null || filter.phone != null;
  const take = compared ? Math.max(page.limit, comparedAtOnce) : page.limit;
  const found: PatientRow[] = [];
  let after = page.after?.[0];
  for (let opened = 0; opened < mostOpened; opened += take) {
    const rows = await database.prisma.patient.findMany({
      where: { AND: [...where, patientsInScope(scope), ...(after ? [{ id: { gt: after } }] : [])] },
      orderBy: { id: 'asc' },
      take,
    });
    found.push(...rows.filter((row) => isMeant(row, filter)));
    after = rows.at(-1)?.id;
    if (rows.length < take || found.length >= page.limit) return found.slice(0, page.limit);
  }
  // Whoever made such a query would have the whole district opened for an empty page.
  throw new Fault('BAD_USER_INPUT', { at: 'name' });
}

function isMeant(row: PatientRow, { name, phone }: PatientFilter): boolean {
  if (name != null && !matchesName(name, row.name)) return false;
  return phone == null || (row.phone !== null && subscriber(row.phone) === subscriber(phone));
}

/** The end of a number, which every spelling of it shares: with country code, trunk zero or none. */
function subscriber(phone: string): string {
  return asciiDigits(phone.normalize('NFKC')).replace(/\D/g, '').slice(-6);
}

/** The filter as the database takes it; undefined when it can meet nobody. */
async function conditionsOf(
  { sealing }: StoreClient,
  filter: PatientFilter,
): Promise<Prisma.PatientWhereInput[] | undefined> {
  const { areaId, householdId, status, sex, bornFrom, bornTo } = filter;
  const where: Prisma.PatientWhereInput[] = [];
  if (areaId != null) where.push({ area: { ancestors: { has: areaId } } });
  if (householdId != null) where.push({ householdId });
  if (status != null) where.push({ status });
  if (sex != null) where.push({ sex });
  if (bornFrom != null) where.push({ birthDate: { gte: toStoredDay(bornFrom) } });
  if (bornTo != null) where.push({ birthDate: { lte: toStoredDay(bornTo) } });
  if (filter.phone != null) {
    const [token] = await sealing.blindIndexFor('Patient', 'phoneIndex', filter.phone);
    if (token === undefined) return undefined;
    where.push({ phoneIndex: token });
  }
  if (filter.name != null) {
    const words = nameWords(filter.name);
    if (words.length === 0) return undefined;
    for (const word of words) {
      const tokens = await sealing.blindIndexFor('Patient', 'nameTokens', word);
      where.push({ nameTokens: { hasSome: tokens } });
    }
  }
  return where;
}
