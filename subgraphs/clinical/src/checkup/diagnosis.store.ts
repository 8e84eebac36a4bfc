import { createBatchLoader, factsInScope, groupBy } from '@caregraph/subgraph';
import type { CheckupDisease, Prisma } from '../../generated/prisma/client.ts';
import type { StoreTx } from '../client.ts';
import type { StoreAccess } from '../stores.ts';

export type DiagnosisRecord = CheckupDisease;
export type NewDiagnosis = Prisma.CheckupDiseaseCreateManyInput;

/** What was found at checkups. */
export function createDiagnosisStore({ db, scope }: Pick<StoreAccess, 'db' | 'scope'>) {
  const byCheckup = createBatchLoader(async (checkupIds) => {
    const rows = await db.checkupDisease.findMany({
      where: {
        AND: [{ checkup: factsInScope(scope) }, { checkupId: { in: [...checkupIds] } }],
      },
      orderBy: { id: 'asc' },
    });
    return groupBy(checkupIds, rows, (row) => row.checkupId);
  });
  return {
    ofCheckup: async (checkupId: string): Promise<readonly DiagnosisRecord[]> =>
      (await byCheckup.load(checkupId)) ?? [],
    clear: byCheckup.clear,
  };
}

export async function insertDiagnoses(tx: StoreTx, rows: NewDiagnosis[]): Promise<void> {
  if (rows.length > 0) await tx.checkupDisease.createMany({ data: rows });
}
