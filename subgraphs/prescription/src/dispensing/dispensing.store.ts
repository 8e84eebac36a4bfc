import {
  createBatchLoader,
  factsInScope,
  groupBy,
  type OperationStamp,
  type RequestContext,
} from '@caregraph/subgraph';
import type { Prisma } from '../../generated/prisma/client.ts';
import type { StoreClient, StoreTx } from '../client.ts';
import { fieldVersionsJson } from '../field-versions.ts';

const withSource = { item: true, batch: { select: { batchNumber: true } } } as const;

export type DispensingRecord = Prisma.DispensingGetPayload<{ include: typeof withSource }>;

/** What was handed out to the people in the actor's scope. What leaves it is audited. */
export function createDispensingStore(db: StoreClient, { scope, audit }: RequestContext) {
  const visible = factsInScope(scope);

  async function fetch(where: Prisma.DispensingWhereInput): Promise<DispensingRecord[]> {
    const found = await db.dispensing.findMany({
      where: { AND: [visible, where] },
      include: withSource,
      orderBy: { id: 'asc' },
    });
    for (const { patientId } of found) audit.saw('Dispensing', patientId);
    return found;
  }

  const byId = createBatchLoader(async (ids) => {
    const found = await fetch({ id: { in: [...ids] } });
    return new Map(found.map((dispensing) => [dispensing.id, dispensing]));
  });
  const ofPrescriptions = createBatchLoader(async (prescriptionIds) => {
    const found = await fetch({ prescriptionId: { in: [...prescriptionIds] } });
    return groupBy(prescriptionIds, found, ({ prescriptionId }) => prescriptionId);
  });
  return {
    find: byId.find,
    ofPrescription: ofPrescriptions.find,
    clear() {
      byId.clear();
      ofPrescriptions.clear();
    },
  };
}

export interface NewDispensing {
  readonly id: string;
  readonly prescriptionId: string;
  readonly itemId: string;
  readonly patientId: string;
  readonly batchId: string;
  readonly institutionId: string;
  readonly quantity: number;
  readonly shortfall: number;
}

/** Adds what was handed out, and counts it on its item. */
export async function insertDispensing(
  tx: StoreTx,
  dispensing: NewDispensing,
  { authorId, recordedAt, receivedAt }: OperationStamp,
): Promise<void> {
  const times = { authorId, recordedAt, receivedAt };
  const fieldVersions = fieldVersionsJson({});
  await tx.dispensing.create({ data: { ...dispensing, ...times, version: 1, fieldVersions } });
  await tx.prescriptionItem.update({
    where: { id: dispensing.itemId },
    data: { dispensedQuantity: { increment: dispensing.quantity } },
  });
}
