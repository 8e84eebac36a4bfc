import { isUuidV7 } from '@caregraph/clock';
import { Fault } from '@caregraph/fault';
import { createBatchLoader, factsInScope, groupBy, type PageRequest } from '@caregraph/subgraph';
import type { Pregnancy, Prisma } from '../../generated/prisma/client.ts';
import { createPatientList, type PatientStore } from '../patient/index.ts';
import type { StoreAccess } from '../stores.ts';
import { storedDay } from '../stored-day.ts';

export type PregnancyRecord = Pregnancy;

export interface PregnancyFilter {
  readonly areaId?: string | null | undefined;
  readonly dueFrom?: string | null | undefined;
  readonly dueTo?: string | null | undefined;
  readonly outcome?: string | null | undefined;
}

const listing = {
  list: 'Patient.pregnancies',
  table: 'pregnancy',
  sortColumn: 'id',
  descending: true,
};

/** Pregnancies of the patients in scope. Every one that leaves is registered in the audit trail. */
export function createPregnancyStore(access: StoreAccess, patients: PatientStore) {
  const { db, audit } = access;
  const scoped = factsInScope(access.scope);
  const seen = (rows: PregnancyRecord[]): PregnancyRecord[] => {
    for (const row of rows) audit.saw('Pregnancy', row.patientId);
    return rows;
  };
  const byId = createBatchLoader(async (ids) => {
    const where = { AND: [scoped, { id: { in: [...ids] } }] };
    const rows = seen(await db.pregnancy.findMany({ where }));
    return new Map(rows.map((row) => [row.id, row]));
  });
  const current = createBatchLoader(async (patientIds) => {
    const where = { AND: [scoped, { patientId: { in: [...patientIds] }, outcome: 'ONGOING' }] };
    const rows = seen(await db.pregnancy.findMany({ where }));
    return new Map(rows.map((row) => [row.patientId, row]));
  });
  const all = createBatchLoader(async (patientIds) => {
    const where = { AND: [scoped, { patientId: { in: [...patientIds] } }] };
    const rows = seen(await db.pregnancy.findMany({ where, orderBy: { id: 'desc' } }));
    return groupBy(patientIds, rows, (row) => row.patientId);
  });
  const riskFlags = riskFlagLoader(access);
  const ofPatient = createPatientList({ access, patients, load: byId.load, listing });
  return {
    find: byId.find,
    currentOf: current.find,
    /** Every pregnancy of a patient, latest registered first. */
    allOf: async (patientId: string) => (await all.load(patientId)) ?? [],
    riskFlagsOf: async (id: string) => (await riskFlags.load(id)) ?? [],
    ofPatient: ofPatient.page,
    list: async (filter: PregnancyFilter, page: PageRequest) =>
      seen(
        await db.pregnancy.findMany({
          where: { AND: [scoped, chosen(filter), beyond(page)] },
          orderBy: { id: 'desc' },
          take: page.limit,
        }),
      ),
    clear() {
      for (const loader of [byId, current, all, riskFlags, ofPatient]) loader.clear();
    },
  };
}

/** The flags that stand, by pregnancy. */
function riskFlagLoader({ db, scope }: StoreAccess) {
  return createBatchLoader(async (ids) => {
    const rows = await db.pregnancyRiskFlag.findMany({
      where: {
        AND: [
          { pregnancy: factsInScope(scope) },
          { pregnancyId: { in: [...ids] }, removedAt: null },
        ],
      },
      orderBy: { code: 'asc' },
    });
    return groupBy(ids, rows, (row) => row.pregnancyId);
  });
}

function chosen({ areaId, dueFrom, dueTo, outcome }: PregnancyFilter) {
  return {
    ...(areaId ? { patient: { area: { ancestors: { has: areaId } } } } : {}),
    ...(outcome ? { outcome } : {}),
    edd: {
      ...(dueFrom ? { gte: storedDay(dueFrom) } : {}),
      ...(dueTo ? { lte: storedDay(dueTo) } : {}),
    },
  } satisfies Prisma.PregnancyWhereInput;
}

function beyond({ after }: PageRequest): Prisma.PregnancyWhereInput {
  if (after === undefined) return {};
  const id = after[0] ?? '';
  if (!isUuidV7(id)) throw new Fault('CURSOR_INVALID');
  return { id: { lt: id } };
}
