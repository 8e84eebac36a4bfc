import type { GivenDose } from '@caregraph/guideline';
import { createBatchLoader, factsInScope, groupBy } from '@caregraph/subgraph';
import type { Immunization } from '../../generated/prisma/client.ts';
import { createPatientList, type PatientStore } from '../patient/index.ts';
import { civilDay } from '../stored-day.ts';
import type { StoreAccess } from '../stores.ts';

export type ImmunizationRecord = Immunization;

const listing = {
  list: 'Patient.immunizations',
  table: 'immunization',
  sortColumn: 'occurred_on',
  descending: true,
  shown: `record.status <> 'ENTERED_IN_ERROR'`,
};

/** Doses of the patients in scope. Every one that leaves is registered in the audit trail. */
export function createImmunizationStore(access: StoreAccess, patients: PatientStore) {
  const { db, audit } = access;
  const scoped = factsInScope(access.scope);
  const byId = createBatchLoader(async (ids) => {
    const rows = await db.immunization.findMany({
      where: { AND: [scoped, { id: { in: [...ids] } }] },
    });
    for (const row of rows) audit.saw('Immunization', row.patientId);
    return new Map(rows.map((row) => [row.id, row]));
  });
  const given = givenDoseLoader(access);
  const ofPatient = createPatientList({ access, patients, load: byId.load, listing });
  return {
    find: byId.find,
    givenTo: async (patientId: string) => (await given.load(patientId)) ?? [],
    ofPatient: ofPatient.page,
    clear() {
      for (const loader of [byId, given, ofPatient]) loader.clear();
    },
  };
}

/** The doses that patients were given, as the guideline reads them. */
function givenDoseLoader({ db, scope, audit }: StoreAccess) {
  return createBatchLoader(async (patientIds) => {
    const rows = await db.immunization.findMany({
      where: {
        AND: [
          factsInScope(scope),
          { patientId: { in: [...patientIds] }, status: 'GIVEN', vaccineCode: { not: null } },
        ],
      },
      select: { patientId: true, vaccineCode: true, occurredOn: true, rule: true },
      orderBy: [{ occurredOn: 'asc' }, { id: 'asc' }],
    });
    for (const row of rows) audit.saw('Immunization', row.patientId);
    const byPatient = groupBy(patientIds, rows, (row) => row.patientId);
    return new Map([...byPatient].map(([id, doses]) => [id, doses.flatMap(asGivenDose)]));
  });
}

function asGivenDose(row: {
  vaccineCode: string | null;
  occurredOn: Date;
  rule: string | null;
}): GivenDose[] {
  const { vaccineCode, occurredOn, rule } = row;
  if (vaccineCode === null) return [];
  return [{ vaccine: vaccineCode, date: civilDay(occurredOn), ...(rule === null ? {} : { rule }) }];
}
