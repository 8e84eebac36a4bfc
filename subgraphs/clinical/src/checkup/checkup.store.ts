import { isUuidV7 } from '@caregraph/clock';
import { Fault } from '@caregraph/fault';
import { createBatchLoader, factsInScope, groupBy, type PageRequest } from '@caregraph/subgraph';
import type { Checkup, Prisma } from '../../generated/prisma/client.ts';
import { createPatientList, type PatientStore } from '../patient/index.ts';
import type { StoreAccess } from '../stores.ts';
import { createDiagnosisStore } from './diagnosis.store.ts';
import { maternityVisitLoader } from './maternity-visit.store.ts';

export type CheckupRecord = Checkup;

export interface CheckupFilter {
  readonly areaId?: string | null | undefined;
  readonly institutionId?: string | null | undefined;
  readonly visitType?: string | null | undefined;
  readonly from?: string | null | undefined;
  readonly to?: string | null | undefined;
}

const latestFirst = [{ occurredAt: 'desc' as const }, { id: 'desc' as const }];

/** Checkups of the patients in scope. Every one that leaves is registered in the audit trail. */
export function createCheckupStore(access: StoreAccess, patients: PatientStore) {
  const { db } = access;
  const scoped = factsInScope(access.scope);
  const seen = seenBy(access);
  const byId = createBatchLoader(async (ids) => {
    const where = { AND: [scoped, { id: { in: [...ids] } }] };
    const rows = seen(await db.checkup.findMany({ where }));
    return new Map(rows.map((row) => [row.id, row]));
  });
  const amendments = createBatchLoader(async (ids) => {
    const where = { AND: [scoped, { amendsId: { in: [...ids] } }] };
    const orderBy = [{ recordedAt: 'asc' as const }, { id: 'asc' as const }];
    const rows = seen(await db.checkup.findMany({ where, orderBy }));
    return groupBy(ids, rows, (row) => row.amendsId ?? '');
  });
  const ofPatient = createPatientList({ access, patients, load: byId.load, listing });
  const diagnoses = createDiagnosisStore(access);
  const maternityVisits = maternityVisitLoader(access);
  return {
    find: byId.find,
    amendmentsOf: async (id: string) => (await amendments.load(id)) ?? [],
    diagnosesOf: diagnoses.ofCheckup,
    maternityVisitsOf: async (patientId: string) => (await maternityVisits.load(patientId)) ?? [],
    ofPatient: ofPatient.page,
    list: async (filter: CheckupFilter, page: PageRequest) =>
      seen(
        await db.checkup.findMany({
          where: { AND: [scoped, chosen(filter), await beyond(access, page)] },
          orderBy: latestFirst,
          take: page.limit,
        }),
      ),
    clear() {
      for (const loader of [byId, amendments, ofPatient, diagnoses, maternityVisits])
        loader.clear();
    },
  };
}

const listing = {
  list: 'Patient.checkups',
  table: 'checkup',
  sortColumn: 'occurred_at',
  descending: true,
  shown: `NOT record.withdraws
    AND NOT EXISTS (SELECT 1 FROM checkup AS later WHERE later.amends_id = record.id)`,
  filterColumn: 'visit_type',
};

function seenBy({ audit }: StoreAccess) {
  return (rows: CheckupRecord[]): CheckupRecord[] => {
    for (const row of rows) audit.saw('Checkup', row.patientId);
    return rows;
  };
}

/** Current checkups that a filter asks for. */
function chosen({ areaId, institutionId, visitType, from, to }: CheckupFilter) {
  return {
    withdraws: false,
    amendments: { none: {} },
    ...(areaId ? { patient: { area: { ancestors: { has: areaId } } } } : {}),
    ...(institutionId ? { institutionId } : {}),
    ...(visitType ? { visitType } : {}),
    occurredAt: { ...(from ? { gte: new Date(from) } : {}), ...(to ? { lt: new Date(to) } : {}) },
  } satisfies Prisma.CheckupWhereInput;
}

/** What comes after the cursor's checkup; its time is looked up, because a cursor tells ids only. */
async function beyond({ db, scope }: StoreAccess, { after }: PageRequest) {
  if (after === undefined) return {};
  const id = after[0] ?? '';
  const mark = isUuidV7(id)
    ? await db.checkup.findFirst({
        where: { AND: [factsInScope(scope), { id }] },
        select: { occurredAt: true },
      })
    : null;
  if (mark === null) throw new Fault('CURSOR_INVALID');
  const { occurredAt } = mark;
  return { OR: [{ occurredAt: { lt: occurredAt } }, { occurredAt, id: { lt: id } }] };
}
