import type { Scope } from '@caregraph/access';
import { createBatchLoader, type OperationStamp, type PageRequest } from '@caregraph/subgraph';
import type { Partner, Prisma } from '../../generated/prisma/client.ts';
import type { StoreClient, StoreTx } from '../client.ts';

export type PartnerRecord = Partner;

/** Partner systems, for those who manage them. */
export function createPartnerStore(db: StoreClient, scope: Scope) {
  const inScope = partnersInScope(scope);
  const byId = createBatchLoader(async (ids) => {
    const found = await db.partner.findMany({
      where: { AND: [{ id: { in: [...ids] } }, inScope] },
    });
    return new Map(found.map((partner) => [partner.id, partner]));
  });
  return {
    load: byId.load,
    find: byId.find,
    list({ limit, after }: PageRequest) {
      const [name = '', id = ''] = after ?? [];
      const rest = after ? { OR: [{ name: { gt: name } }, { name, id: { gt: id } }] } : {};
      return db.partner.findMany({
        where: { AND: [inScope, rest] },
        orderBy: [{ name: 'asc' }, { id: 'asc' }],
        take: limit,
      });
    },
    clear: byId.clear,
  };
}

function partnersInScope(scope: Scope): Prisma.PartnerWhereInput {
  return scope.everyInstitution ? {} : { institutionId: scope.institutionId };
}

/** Locks a partner that the actor manages. */
export async function lockPartner(
  tx: StoreTx,
  scope: Scope,
  id: string,
): Promise<PartnerRecord | undefined> {
  await tx.$queryRaw`SELECT 1 FROM partner WHERE id = ${id}::uuid FOR UPDATE`;
  const where = { AND: [{ id }, partnersInScope(scope)] };
  return (await tx.partner.findFirst({ where })) ?? undefined;
}

export async function insertPartner(
  tx: StoreTx,
  partner: Pick<Partner, 'id' | 'name' | 'institutionId'> & {
    fieldVersions: Prisma.InputJsonValue;
  },
  { authorId, recordedAt, receivedAt }: OperationStamp,
): Promise<void> {
  const stamped = { version: 1, state: 'ACTIVE', authorId, recordedAt, receivedAt };
  await tx.partner.create({ data: { ...partner, ...stamped } });
}

export async function writePartner(
  tx: StoreTx,
  id: string,
  data: Prisma.PartnerUncheckedUpdateInput,
): Promise<void> {
  await tx.partner.update({ where: { id }, data });
}
