import type { Scope } from '@caregraph/access';
import type { GivenDose } from '@caregraph/guideline';
import { factsInScope, type OperationStamp } from '@caregraph/subgraph';
import type { Prisma } from '../../generated/prisma/client.ts';
import type { StoreTx } from '../client.ts';
import { civilDay } from '../stored-day.ts';

export type NewImmunization = Omit<
  Prisma.ImmunizationCreateManyInput,
  'version' | 'fieldVersions' | 'authorId' | 'recordedAt' | 'receivedAt'
>;

export async function insertImmunization(
  tx: StoreTx,
  dose: NewImmunization,
  { authorId, recordedAt, receivedAt }: OperationStamp,
): Promise<void> {
  const stamped = { version: 1, fieldVersions: {}, authorId, recordedAt, receivedAt };
  await tx.immunization.createMany({ data: [{ ...dose, ...stamped }] });
}

/** Locks a dose that is to be amended. `inScope` is false when the actor may not see it. */
export async function lockImmunization(tx: StoreTx, scope: Scope, id: string) {
  await tx.$queryRaw`SELECT 1 FROM immunization WHERE id = ${id}::uuid FOR UPDATE`;
  const include = { patient: { select: { areaId: true } } };
  const where = { AND: [factsInScope(scope), { id }] };
  const seen = await tx.immunization.findFirst({ where, include });
  // Not copied: a dose is amended also when a name in it does not open.
  if (seen !== null) return Object.assign(seen, { inScope: true });
  const hidden = await tx.immunization.findUnique({ where: { id }, include });
  return hidden === null ? undefined : Object.assign(hidden, { inScope: false });
}

export async function markEnteredInError(tx: StoreTx, id: string, version: number): Promise<void> {
  const data = { status: 'ENTERED_IN_ERROR', version };
  await tx.immunization.update({ where: { id }, data, select: { id: true } });
}

/** The doses in scope that a patient was given, for the intervals between them. */
export async function dosesGiven(
  tx: StoreTx,
  scope: Scope,
  patientId: string,
): Promise<GivenDose[]> {
  const rows = await tx.immunization.findMany({
    where: {
      AND: [factsInScope(scope), { patientId, status: 'GIVEN', vaccineCode: { not: null } }],
    },
    select: { vaccineCode: true, occurredOn: true, rule: true },
  });
  return rows.flatMap(({ vaccineCode, occurredOn, rule }) =>
    vaccineCode === null
      ? []
      : [{ vaccine: vaccineCode, date: civilDay(occurredOn), ...(rule === null ? {} : { rule }) }],
  );
}
