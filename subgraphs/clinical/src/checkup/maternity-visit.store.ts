import { createBatchLoader, factsInScope, groupBy } from '@caregraph/subgraph';
import type { StoreAccess } from '../stores.ts';

/** Current antenatal and postnatal visits of patients: by what kind of visit, and when. */
export function maternityVisitLoader({ db, scope, audit }: StoreAccess) {
  return createBatchLoader(async (patientIds) => {
    const rows = await db.checkup.findMany({
      where: {
        AND: [
          factsInScope(scope),
          { patientId: { in: [...patientIds] }, visitType: { in: ['ANC', 'PNC'] } },
          { withdraws: false, amendments: { none: {} } },
        ],
      },
      select: { id: true, patientId: true, visitType: true, occurredAt: true },
      orderBy: [{ occurredAt: 'asc' }, { id: 'asc' }],
    });
    for (const row of rows) audit.saw('Checkup', row.patientId);
    return groupBy(patientIds, rows, (row) => row.patientId);
  });
}
