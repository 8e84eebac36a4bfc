import type { CivilDate } from '@caregraph/guideline';
import type { Scope } from '@caregraph/access';
import {
  firstFieldVersions,
  factsInScope,
  type FieldVersions,
  type OperationStamp,
} from '@caregraph/subgraph';
import type { Prisma } from '../../generated/prisma/client.ts';
import type { StoreTx } from '../client.ts';
import { storedDay } from '../stored-day.ts';

/** How a pregnancy is dated; one fact, because its parts make sense together only. */
export interface Dating {
  readonly lmp: CivilDate;
  readonly edd: CivilDate;
  readonly eddGiven: boolean;
}

/** The fields that a change is merged by; a dating is one fact, and so is an outcome. */
export interface PregnancyValues {
  readonly dating: Dating;
  readonly gravida: number | null;
  readonly para: number | null;
  readonly ending: { readonly outcome: string; readonly outcomeOn: string | null };
}

/** How a pregnancy of a patient is dated, and whether it goes on. */
export async function findDating(tx: StoreTx, scope: Scope, patientId: string, id: string) {
  const select = { edd: true, outcome: true };
  const where = { AND: [factsInScope(scope), { id, patientId }] };
  return (await tx.pregnancy.findFirst({ where, select })) ?? undefined;
}

/** Locks a pregnancy for a change. `inScope` is false when the actor may not see it. */
export async function lockPregnancy(tx: StoreTx, scope: Scope, id: string) {
  await tx.$queryRaw`SELECT 1 FROM pregnancy WHERE id = ${id}::uuid FOR UPDATE`;
  const include = { patient: { select: { areaId: true } } };
  const where = { AND: [factsInScope(scope), { id }] };
  const seen = await tx.pregnancy.findFirst({ where, include });
  if (seen !== null) return { ...seen, inScope: true };
  const hidden = await tx.pregnancy.findUnique({ where: { id }, include });
  return hidden === null ? undefined : { ...hidden, inScope: false };
}

export async function insertPregnancy(
  tx: StoreTx,
  pregnancy: { id: string; patientId: string } & Omit<PregnancyValues, 'ending'>,
  stamp: OperationStamp,
): Promise<void> {
  const { authorId, recordedAt, receivedAt } = stamp;
  const { dating, ...rest } = pregnancy;
  const fieldVersions = firstFieldVersions(['dating', 'gravida', 'para', 'ending'], stamp);
  await tx.pregnancy.createMany({
    data: [
      {
        ...rest,
        ...datingColumns(dating),
        outcome: 'ONGOING',
        version: 1,
        fieldVersions: { ...fieldVersions },
        authorId,
        recordedAt,
        receivedAt,
      },
    ],
  });
}

export async function writePregnancy(
  tx: StoreTx,
  id: string,
  { dating, ending, ...rest }: Partial<PregnancyValues>,
  mark: { version: number; fieldVersions: FieldVersions },
): Promise<void> {
  const data: Prisma.PregnancyUncheckedUpdateInput = {
    ...rest,
    ...(dating ? datingColumns(dating) : {}),
    ...(ending ? endingColumns(ending) : {}),
    version: mark.version,
    fieldVersions: { ...mark.fieldVersions },
  };
  await tx.pregnancy.update({ where: { id }, data, select: { id: true } });
}

function datingColumns({ lmp, edd, eddGiven }: Dating) {
  return { lmp: storedDay(lmp), edd: storedDay(edd), eddGiven };
}

function endingColumns({ outcome, outcomeOn }: PregnancyValues['ending']) {
  return { outcome, outcomeOn: outcomeOn === null ? null : storedDay(outcomeOn) };
}

/**
 * Raises and takes back flags. Each is a row of its own, so that two workers never conflict.
 *
 * @returns how many rows changed
 */
export async function changeRiskFlags(
  tx: StoreTx,
  pregnancyId: string,
  change: { add: readonly string[]; remove: readonly string[] },
  { authorId, recordedAt }: OperationStamp,
): Promise<number> {
  const add = [...new Set(change.add)];
  const remove = change.remove.filter((code) => !add.includes(code));
  const raised = await tx.pregnancyRiskFlag.createMany({
    data: add.map((code) => ({ pregnancyId, code, authorId, flaggedAt: recordedAt })),
    skipDuplicates: true,
  });
  const again = await tx.pregnancyRiskFlag.updateMany({
    where: { pregnancyId, code: { in: add }, removedAt: { not: null } },
    data: { removedAt: null, removedBy: null, authorId, flaggedAt: recordedAt },
  });
  const taken = await tx.pregnancyRiskFlag.updateMany({
    where: { pregnancyId, code: { in: remove }, removedAt: null },
    data: { removedAt: recordedAt, removedBy: authorId },
  });
  return raised.count + again.count + taken.count;
}
