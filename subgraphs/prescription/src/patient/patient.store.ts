import { createBatchLoader, patientsInScope, type RequestContext } from '@caregraph/subgraph';
import type { StoreClient } from '../client.ts';

/** Who is in the actor's scope, as far as this store has heard. */
export function createPatientStore(db: StoreClient, { scope }: RequestContext) {
  const seen = createBatchLoader(async (ids) => {
    const where = { AND: [patientsInScope(scope), { id: { in: [...ids] } }] };
    const found = await db.patientRef.findMany({ where, select: { id: true } });
    return new Map(found.map(({ id }) => [id, true]));
  });
  return {
    /**
     * Tells whether a patient's lists may be answered. Out of scope they are null and not empty:
     * an empty list of allergies would be read as "none known".
     */
    sees: async (id: string) => (await seen.load(id)) === true,
    clear: seen.clear,
  };
}
