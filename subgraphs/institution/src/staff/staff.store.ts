import type { Scope } from '@caregraph/access';
import {
  createBatchLoader,
  createPageLoader,
  groupBy,
  type OperationStamp,
  type PageRequest,
} from '@caregraph/subgraph';
import type { Prisma } from '../../generated/prisma/client.ts';
import type { StoreClient, StoreTx } from '../client.ts';

const withAreas = { areas: { select: { areaId: true } } } as const;

export type StaffRecord = Prisma.StaffGetPayload<{ include: typeof withAreas }>;

/**
 * Staff as an actor may see them: names and roles of whoever wrote a record they read, the way to
 * reach people within their own institution only.
 */
export function createStaffStore(db: StoreClient, scope: Scope) {
  const seen = (staff: StaffRecord): StaffRecord =>
    scope.everyInstitution || staff.institutionId === scope.institutionId
      ? staff
      : // Not copied: a contact that does not open is nobody's fault who may not see it.
        Object.assign(staff, { contact: null, credentialsNumber: null });
  const byId = createBatchLoader(async (ids) => {
    const staff = await db.staff.findMany({ where: { id: { in: [...ids] } }, include: withAreas });
    return new Map(staff.map((one) => [one.id, seen(one)]));
  });
  const pages = createPageLoader(async (institutionIds, page) => {
    const own = institutionIds.filter((id) => scope.everyInstitution || id === scope.institutionId);
    return staffOf(db, own, page);
  });
  return {
    load: byId.load,
    find: byId.find,
    ofInstitution: pages.load,
    clear() {
      byId.clear();
      pages.clear();
    },
  };
}

async function staffOf(
  db: StoreClient,
  institutionIds: readonly string[],
  page: Pick<PageRequest, 'limit' | 'after'>,
): Promise<Map<string, StaffRecord[]>> {
  const [name = null, id = null] = page.after ?? [];
  const chosen = await db.$queryRawUnsafe<{ id: string }[]>(
    `SELECT member.id::text FROM unnest($1::uuid[]) AS institution (id)
     CROSS JOIN LATERAL (
       SELECT id FROM staff WHERE institution_id = institution.id
         AND ($2::text IS NULL OR (name, id) > ($2::text, $3::uuid))
       ORDER BY name, id LIMIT $4
     ) AS member`,
    institutionIds,
    name,
    id,
    page.limit,
  );
  const staff = await db.staff.findMany({
    where: { id: { in: chosen.map((one) => one.id) } },
    include: withAreas,
    orderBy: [{ name: 'asc' }, { id: 'asc' }],
  });
  return groupBy(institutionIds, staff, (one) => one.institutionId);
}

/**
 * Locks a staff member of an institution that the actor manages. The platform's own people are
 * nobody's to change but the platform's, wherever they sit.
 */
export async function lockStaff(
  tx: StoreTx,
  scope: Scope,
  id: string,
): Promise<StaffRecord | undefined> {
  await tx.$queryRaw`SELECT 1 FROM staff WHERE id = ${id}::uuid FOR UPDATE`;
  const managed = scope.everyInstitution ? {} : managedBy(scope);
  const found = await tx.staff.findFirst({ where: { id, ...managed }, include: withAreas });
  return found ?? undefined;
}

function managedBy({ institutionId }: Scope): Prisma.StaffWhereInput {
  return { institutionId, role: { not: 'PLATFORM_ADMIN' } };
}

export async function insertStaff(
  tx: StoreTx,
  staff: {
    id: string;
    name: string;
    role: string;
    contact: string | null;
    credentialsNumber: string | null;
    institutionId: string;
    fieldVersions: Prisma.InputJsonValue;
    areaIds: readonly string[];
  },
  { authorId, recordedAt, receivedAt }: OperationStamp,
): Promise<void> {
  const { areaIds, ...fields } = staff;
  const stamped = { version: 1, availability: 'AVAILABLE', authorId, recordedAt, receivedAt };
  const areas = { create: areaIds.map((areaId) => ({ areaId })) };
  await tx.staff.create({ data: { ...fields, ...stamped, areas } });
}

export async function writeStaff(
  tx: StoreTx,
  { id, institutionId }: Pick<StaffRecord, 'id' | 'institutionId'>,
  data: Prisma.StaffUncheckedUpdateInput,
  areaIds: readonly string[] | undefined,
): Promise<void> {
  const areas = areaIds && {
    areas: { deleteMany: {}, create: areaIds.map((areaId) => ({ areaId })) },
  };
  await tx.staff.update({ where: { id, institutionId }, data: { ...data, ...areas } });
}
