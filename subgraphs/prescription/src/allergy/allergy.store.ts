import {
  createBatchLoader,
  factsInScope,
  groupBy,
  type OperationStamp,
  type RequestContext,
} from '@caregraph/subgraph';
import type { Allergy, Prisma } from '../../generated/prisma/client.ts';
import type { StoreClient, StoreTx } from '../client.ts';
import { createFilteredLists } from '../filtered-lists.ts';

export type AllergyRecord = Allergy;

/** The allergies of the people in the actor's scope. What leaves it is audited. */
export function createAllergyStore(db: StoreClient, { scope, audit }: RequestContext) {
  const visible = factsInScope(scope);
  const seen = (allergies: AllergyRecord[]): AllergyRecord[] => {
    for (const { patientId } of allergies) audit.saw('Allergy', patientId);
    return allergies;
  };
  const byId = createBatchLoader(async (ids) => {
    const found = await db.allergy.findMany({
      where: { AND: [visible, { id: { in: [...ids] } }] },
    });
    return new Map(seen(found).map((allergy) => [allergy.id, allergy]));
  });
  const ofPatients = createFilteredLists(async (patientIds, state: string) => {
    const found = await db.allergy.findMany({
      where: { AND: [visible, { patientId: { in: [...patientIds] }, state }] },
      orderBy: { id: 'desc' },
    });
    return groupBy(patientIds, seen(found), ({ patientId }) => patientId);
  });
  return {
    find: byId.find,
    ofPatient: ofPatients.load,
    clear() {
      byId.clear();
      ofPatients.clear();
    },
  };
}

export async function insertAllergy(
  tx: StoreTx,
  allergy: Omit<
    Prisma.AllergyUncheckedCreateInput,
    'authorId' | 'recordedAt' | 'receivedAt' | 'version'
  >,
  { authorId, recordedAt, receivedAt }: OperationStamp,
): Promise<void> {
  await tx.allergy.create({ data: { ...allergy, version: 1, authorId, recordedAt, receivedAt } });
}

/** Locks an allergy for the rest of the transaction, whoever may see it. */
export async function lockAllergy(tx: StoreTx, id: string) {
  await tx.$queryRaw`SELECT 1 FROM allergy WHERE id = ${id}::uuid FOR UPDATE`;
  const include = { patient: { select: { areaId: true } } } as const;
  return (await tx.allergy.findUnique({ where: { id }, include })) ?? undefined;
}

export async function writeAllergy(
  tx: StoreTx,
  { id, patientId }: Pick<AllergyRecord, 'id' | 'patientId'>,
  data: Prisma.AllergyUncheckedUpdateInput,
): Promise<void> {
  await tx.allergy.update({ where: { id, patientId }, data });
}

/** The active allergies of a patient as the safety rules need them. */
export async function activeAllergies(tx: StoreTx, patientId: string) {
  return tx.allergy.findMany({
    where: { patientId, state: 'ACTIVE' },
    select: { atcCode: true, groupCode: true, medicine: { select: { atcCode: true } } },
  });
}
