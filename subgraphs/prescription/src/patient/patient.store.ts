import type { Scope } from '@caregraph/access';
import {
  createBatchLoader,
  factAuthor,
  patientsInScope,
  type RequestContext,
} from '@caregraph/subgraph';
import type { Prisma } from '../../generated/prisma/client.ts';
import type { StoreClient } from '../client.ts';

/** Patients in scope, and those who have not arrived but of whom the actor recorded something. */
function knownTo(scope: Scope): Prisma.PatientRefWhereInput {
  const placed = { AND: [{ status: { not: 'PROVISIONAL' } }, patientsInScope(scope)] };
  const authorId = factAuthor(scope);
  if (authorId === null) return placed;
  const some = { authorId };
  const recorded = [
    { allergies: { some } },
    { prescriptions: { some } },
    { dispensings: { some } },
  ];
  return { OR: [placed, { status: 'PROVISIONAL', OR: recorded }] };
}

/** Who is in the actor's scope, as far as this store has heard. */
export function createPatientStore(db: StoreClient, { scope }: RequestContext) {
  const seen = createBatchLoader(async (ids) => {
    const where = { AND: [knownTo(scope), { id: { in: [...ids] } }] };
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
