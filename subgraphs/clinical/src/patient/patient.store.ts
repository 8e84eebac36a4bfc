import { createBatchLoader, patientsInScope } from '@caregraph/subgraph';
import type { StoreAccess } from '../stores.ts';

export type PatientStore = ReturnType<typeof createPatientStore>;

/** What this subgraph knows of patients: who is there, and whom the actor may see. */
export function createPatientStore({ db, scope }: Pick<StoreAccess, 'db' | 'scope'>) {
  const byId = createBatchLoader(async (ids) => {
    const rows = await db.patientRef.findMany({
      where: { AND: [patientsInScope(scope), { id: { in: [...ids] } }] },
      select: { id: true, status: true },
    });
    return new Map(rows.map((row) => [row.id, row]));
  });
  return {
    load: byId.load,
    /** Those of the given ids whose facts the actor may see. */
    async visible(ids: readonly string[]): Promise<string[]> {
      const rows = await Promise.all(ids.map(byId.load));
      return rows.flatMap((row) => row?.id ?? []);
    },
    clear: byId.clear,
  };
}
