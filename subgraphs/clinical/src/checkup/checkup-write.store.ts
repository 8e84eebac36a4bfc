import type { Scope } from '@caregraph/access';
import { factsInScope, type OperationStamp } from '@caregraph/subgraph';
import type { Prisma } from '../../generated/prisma/client.ts';
import type { StoreTx } from '../client.ts';

/** The rows of a checkup without what the operation stamps on it. */
export type NewCheckup = Omit<
  Prisma.CheckupCreateManyInput,
  'version' | 'fieldVersions' | 'authorId' | 'recordedAt' | 'receivedAt'
>;

/** Inserts a checkup. There is no update: a row of this table is never changed. */
export async function insertCheckup(
  tx: StoreTx,
  checkup: NewCheckup,
  { authorId, recordedAt, receivedAt }: OperationStamp,
): Promise<void> {
  const stamped = { version: 1, fieldVersions: {}, authorId, recordedAt, receivedAt };
  await tx.checkup.createMany({ data: [{ ...checkup, ...stamped }] });
}

/**
 * Locks the checkup that is to be amended, so that two amendments of it see each other.
 *
 * @returns undefined when there is none; `inScope` false when the actor may not see it
 */
export async function lockAmended(tx: StoreTx, scope: Scope, id: string) {
  await tx.$queryRaw`SELECT 1 FROM checkup WHERE id = ${id}::uuid FOR UPDATE`;
  const select = {
    patientId: true,
    visitType: true,
    occurredAt: true,
    institutionId: true,
    attendedById: true,
    ageDays: true,
    patient: { select: { areaId: true, status: true } },
    amendments: { select: { id: true } },
  };
  const where = { AND: [factsInScope(scope), { id }] };
  const seen = await tx.checkup.findFirst({ where, select });
  if (seen !== null) return { ...seen, inScope: true };
  const hidden = await tx.checkup.findUnique({ where: { id }, select });
  return hidden === null ? undefined : { ...hidden, inScope: false };
}
