import type { Scope } from '@caregraph/access';
import { createBatchLoader, factAuthor, patientsInScope } from '@caregraph/subgraph';
import type { Prisma } from '../../generated/prisma/client.ts';
import type { StoreAccess } from '../stores.ts';

export type PatientStore = ReturnType<typeof createPatientStore>;

/** Patients in scope, and those who have not arrived but of whom the actor recorded something. */
function knownTo(scope: Scope): Prisma.PatientRefWhereInput {
  const placed = { AND: [{ status: { not: 'PROVISIONAL' } }, patientsInScope(scope)] };
  const authorId = factAuthor(scope);
  if (authorId === null) return placed;
  const some = { authorId };
  const recorded = [
    { checkups: { some } },
    { pregnancies: { some } },
    { immunizations: { some } },
    { referrals: { some } },
    { tasks: { some } },
  ];
  return { OR: [placed, { status: 'PROVISIONAL', OR: recorded }] };
}

/** What this subgraph knows of patients: who is there, and whom the actor may see. */
export function createPatientStore({ db, scope }: Pick<StoreAccess, 'db' | 'scope'>) {
  const byId = createBatchLoader(async (ids) => {
    const rows = await db.patientRef.findMany({
      where: { AND: [knownTo(scope), { id: { in: [...ids] } }] },
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
