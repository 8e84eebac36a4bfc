import { createBatchLoader, patientsInScope } from '@caregraph/subgraph';
import type { StoreAccess } from '../store-access.ts';

export type PatientStore = ReturnType<typeof createPatientStore>;

/** What this subgraph knows of patients: whom the actor may see. */
export function createPatientStore({ db, scope }: Pick<StoreAccess, 'db' | 'scope'>) {
  const byId = createBatchLoader(async (ids) => {
    const rows = await db.patientRef.findMany({
      where: { AND: [patientsInScope(scope), { id: { in: [...ids] } }] },
      select: { id: true },
    });
    return new Map(rows.map((row) => [row.id, row]));
  });
  return {
    load: byId.load,
    clear: byId.clear,
  };
}
