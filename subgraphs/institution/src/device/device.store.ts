import type { Scope } from '@caregraph/access';
import {
  createBatchLoader,
  createPageLoader,
  groupBy,
  type OperationStamp,
  type PageRequest,
} from '@caregraph/subgraph';
import type { Device, Prisma } from '../../generated/prisma/client.ts';
import type { StoreClient, StoreTx } from '../client.ts';

export type DeviceRecord = Device;

/** The devices of the institutions that an actor manages or works for. */
export function createDeviceStore(db: StoreClient, scope: Scope) {
  const inScope = devicesInScope(scope);
  const byId = createBatchLoader(async (ids) => {
    const found = await db.device.findMany({ where: { AND: [{ id: { in: [...ids] } }, inScope] } });
    return new Map(found.map((device) => [device.id, device]));
  });
  const pages = createPageLoader(async (institutionIds, page) => {
    const own = institutionIds.filter((id) => scope.everyInstitution || id === scope.institutionId);
    return devicesOf(db, own, page);
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

function devicesInScope(scope: Scope): Prisma.DeviceWhereInput {
  return scope.everyInstitution ? {} : { institutionId: scope.institutionId };
}

async function devicesOf(
  db: StoreClient,
  institutionIds: readonly string[],
  page: Pick<PageRequest, 'limit' | 'after'>,
): Promise<Map<string, DeviceRecord[]>> {
  const chosen = await db.$queryRawUnsafe<{ id: string }[]>(
    `SELECT device.id::text FROM unnest($1::uuid[]) AS institution (id)
     CROSS JOIN LATERAL (
       SELECT id FROM device WHERE institution_id = institution.id
         AND ($2::uuid IS NULL OR id > $2::uuid)
       ORDER BY id LIMIT $3
     ) AS device`,
    institutionIds,
    page.after?.[0] ?? null,
    page.limit,
  );
  const ids = chosen.map((device) => device.id);
  const devices = await db.device.findMany({ where: { id: { in: ids } }, orderBy: { id: 'asc' } });
  return groupBy(institutionIds, devices, (device) => device.institutionId);
}

/** Locks a device that the actor manages. */
export async function lockDevice(
  tx: StoreTx,
  scope: Scope,
  id: string,
): Promise<DeviceRecord | undefined> {
  await tx.$queryRaw`SELECT 1 FROM device WHERE id = ${id}::uuid FOR UPDATE`;
  return (
    (await tx.device.findFirst({ where: { AND: [{ id }, devicesInScope(scope)] } })) ?? undefined
  );
}

export async function insertDevice(
  tx: StoreTx,
  device: Pick<Device, 'id' | 'label' | 'institutionId' | 'holderId'> & {
    fieldVersions: Prisma.InputJsonValue;
  },
  { authorId, recordedAt, receivedAt }: OperationStamp,
): Promise<void> {
  const stamped = { version: 1, authorId, recordedAt, receivedAt, enrolledAt: recordedAt };
  await tx.device.create({ data: { ...device, ...stamped, state: 'ENROLLED' } });
}

export async function writeDevice(
  tx: StoreTx,
  id: string,
  data: Prisma.DeviceUncheckedUpdateInput,
): Promise<void> {
  await tx.device.update({ where: { id }, data });
}
