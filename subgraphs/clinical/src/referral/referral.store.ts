import type { Scope } from '@caregraph/access';
import { isUuidV7 } from '@caregraph/clock';
import { Fault } from '@caregraph/fault';
import {
  createBatchLoader,
  firstFieldVersions,
  groupBy,
  factsInScope,
  type OperationStamp,
  type PageRequest,
} from '@caregraph/subgraph';
import type { Prisma, Referral, ReferralStep } from '../../generated/prisma/client.ts';
import type { StoreTx } from '../client.ts';
import { createPatientList, type PatientStore } from '../patient/index.ts';
import type { StoreAccess } from '../stores.ts';

export type ReferralRecord = Referral;
export type ReferralStepRecord = ReferralStep;

export interface ReferralFilter {
  readonly areaId?: string | null | undefined;
  readonly fromInstitutionId?: string | null | undefined;
  readonly toInstitutionId?: string | null | undefined;
  readonly state?: string | null | undefined;
  readonly urgency?: string | null | undefined;
}

/**
 * The referrals an actor may see: of patients in scope, and those to the actor's institution,
 * which cannot receive a patient that it must not know of.
 */
function referralsInScope(scope: Scope): Prisma.ReferralWhereInput {
  const received =
    scope.patientInstitutionId === undefined
      ? []
      : [
          {
            toInstitutionId: scope.patientInstitutionId,
            patient: { status: { not: 'PROVISIONAL' } },
          },
        ];
  return { OR: [...factsInScope(scope).OR, ...received] };
}

const listing = {
  list: 'Patient.referrals',
  table: 'referral',
  sortColumn: 'id',
  descending: true,
};

/** Referrals in scope. Every one that leaves is registered in the audit trail. */
export function createReferralStore(access: StoreAccess, patients: PatientStore) {
  const { db, audit } = access;
  const scoped = referralsInScope(access.scope);
  const seen = (rows: ReferralRecord[]): ReferralRecord[] => {
    for (const row of rows) audit.saw('Referral', row.patientId);
    return rows;
  };
  const byId = createBatchLoader(async (ids) => {
    const where = { AND: [scoped, { id: { in: [...ids] } }] };
    const rows = seen(await db.referral.findMany({ where }));
    return new Map(rows.map((row) => [row.id, row]));
  });
  const steps = createBatchLoader(async (ids) => {
    const rows = await db.referralStep.findMany({
      where: { AND: [{ referral: scoped }, { referralId: { in: [...ids] } }] },
      orderBy: { version: 'asc' },
    });
    return groupBy(ids, rows, (row) => row.referralId);
  });
  const ofPatient = createPatientList({ access, patients, load: byId.load, listing });
  return {
    find: byId.find,
    stepsOf: async (id: string) => (await steps.load(id)) ?? [],
    ofPatient: ofPatient.page,
    list: async (filter: ReferralFilter, page: PageRequest) =>
      seen(
        await db.referral.findMany({
          where: { AND: [scoped, chosen(filter), beyond(page)] },
          orderBy: { id: 'desc' },
          take: page.limit,
        }),
      ),
    clear() {
      for (const loader of [byId, steps, ofPatient]) loader.clear();
    },
  };
}

function chosen({ areaId, ...columns }: ReferralFilter): Prisma.ReferralWhereInput {
  const asked = Object.entries(columns).filter(([, value]) => value != null);
  return {
    ...(areaId ? { patient: { area: { ancestors: { has: areaId } } } } : {}),
    ...Object.fromEntries(asked),
  };
}

function beyond({ after }: PageRequest): Prisma.ReferralWhereInput {
  if (after === undefined) return {};
  const id = after[0] ?? '';
  if (!isUuidV7(id)) throw new Fault('CURSOR_INVALID');
  return { id: { lt: id } };
}

/** Locks a referral for a step. `inScope` is false when the actor may not see it. */
export async function lockReferral(tx: StoreTx, scope: Scope, id: string) {
  await tx.$queryRaw`SELECT 1 FROM referral WHERE id = ${id}::uuid FOR UPDATE`;
  const select = {
    patientId: true,
    state: true,
    version: true,
    patient: { select: { areaId: true } },
  };
  const seen = await tx.referral.findFirst({
    where: { AND: [referralsInScope(scope), { id }] },
    select,
  });
  if (seen !== null) return { ...seen, inScope: true };
  const hidden = await tx.referral.findUnique({ where: { id }, select });
  return hidden === null ? undefined : { ...hidden, inScope: false };
}

type NewReferral = Omit<
  Prisma.ReferralCreateManyInput,
  'state' | 'version' | 'fieldVersions' | 'authorId' | 'recordedAt' | 'receivedAt'
>;

export async function insertReferral(
  tx: StoreTx,
  referral: NewReferral,
  stamp: OperationStamp,
): Promise<void> {
  const { authorId, recordedAt, receivedAt } = stamp;
  const fieldVersions = { ...firstFieldVersions(['state'], stamp) };
  const stamped = {
    state: 'REQUESTED',
    version: 1,
    fieldVersions,
    authorId,
    recordedAt,
    receivedAt,
  };
  await tx.referral.createMany({ data: [{ ...referral, ...stamped }] });
  await insertStep(tx, { referralId: referral.id, state: 'REQUESTED', version: 1 }, stamp);
}

export async function writeReferralState(
  tx: StoreTx,
  step: { referralId: string; state: string; version: number },
  stamp: OperationStamp,
): Promise<void> {
  const { version, state, referralId } = step;
  const { deviceId, deviceSequence } = stamp;
  const fieldVersions = { state: { version, deviceId, deviceSequence } };
  const data = { state, version, fieldVersions };
  await tx.referral.update({ where: { id: referralId }, data, select: { id: true } });
  await insertStep(tx, step, stamp);
}

async function insertStep(
  tx: StoreTx,
  step: { referralId: string; state: string; version: number },
  { authorId, recordedAt }: OperationStamp,
): Promise<void> {
  await tx.referralStep.createMany({ data: [{ ...step, at: recordedAt, authorId }] });
}
