import type { FieldVersions, OperationStamp } from '@caregraph/subgraph';
import type { Prisma } from '../../generated/prisma/client.ts';
import type { StoreTx } from '../client.ts';
import { codingColumns } from '../coding-input.ts';
import { toStoredDay } from '../facility-day.ts';
import { fieldVersionsJson } from '../field-versions.ts';
import type { ItemInput, Subject } from './prescription.input.ts';
import type { Finding } from './prescription.safety.ts';
import { withItems } from './prescription.store.ts';

export interface NewPrescription {
  readonly id: string;
  readonly patientId: string;
  readonly prescriberId: string;
  readonly institutionId: string;
  readonly checkupId: string | null;
  readonly state: string;
  readonly notes: string | null;
  readonly overrideReason: string | null;
  readonly subject: Subject | null;
  readonly issuedAt: Date | null;
  readonly validUntil: string | null;
  readonly cancelledAt: Date | null;
  readonly imported: boolean;
  readonly fieldVersions: FieldVersions;
}

/** What an item is given besides what its prescriber wrote. */
export interface NewItem {
  readonly input: ItemInput;
  readonly position: number;
  readonly dispensedQuantity: number;
  readonly findings: readonly Finding[];
}

export async function insertPrescription(
  tx: StoreTx,
  { subject, validUntil, fieldVersions, ...rest }: NewPrescription,
  items: readonly NewItem[],
  { authorId, recordedAt, receivedAt }: OperationStamp,
): Promise<void> {
  await tx.prescription.create({
    data: {
      ...rest,
      ...(subject === null ? {} : { subject: { ...subject } }),
      validUntil: validUntil === null ? null : toStoredDay(validUntil),
      version: 1,
      fieldVersions: fieldVersionsJson(fieldVersions),
      authorId,
      recordedAt,
      receivedAt,
    },
  });
  await insertItems(tx, rest.id, rest.patientId, items);
}

export async function insertItems(
  tx: StoreTx,
  prescriptionId: string,
  patientId: string,
  items: readonly NewItem[],
): Promise<void> {
  if (items.length === 0) return;
  await tx.prescriptionItem.createMany({
    data: items.map(({ input, position, dispensedQuantity, findings }) => ({
      id: input.id,
      prescriptionId,
      patientId,
      position,
      medicineCode: input.medicineCode ?? null,
      ...codingColumns(input.originalCoding),
      doseQuantity: input.doseQuantity ?? null,
      doseUnit: input.doseUnit ?? null,
      route: input.route ?? null,
      frequencyPerDay: input.frequencyPerDay ?? null,
      asNeeded: input.asNeeded,
      durationDays: input.durationDays ?? null,
      quantity: input.quantity ?? null,
      dispensedQuantity,
      instructions: input.instructions ?? null,
      findings: findings.map((finding) => ({ ...finding })),
    })),
  });
}

const locked = { ...withItems, patient: { select: { areaId: true } } } as const;

export type LockedPrescription = Prisma.PrescriptionGetPayload<{ include: typeof locked }>;

/** Locks a prescription for the rest of the transaction, whoever may see it. */
export async function lockPrescription(
  tx: StoreTx,
  id: string,
): Promise<LockedPrescription | undefined> {
  await tx.$queryRaw`SELECT 1 FROM prescription WHERE id = ${id}::uuid FOR UPDATE`;
  return (await tx.prescription.findUnique({ where: { id }, include: locked })) ?? undefined;
}

export async function writePrescription(
  tx: StoreTx,
  { id, patientId }: Pick<LockedPrescription, 'id' | 'patientId'>,
  data: Prisma.PrescriptionUncheckedUpdateInput,
): Promise<void> {
  await tx.prescription.update({ where: { id, patientId }, data });
}

export async function writeFindings(
  tx: StoreTx,
  itemId: string,
  findings: readonly Finding[],
): Promise<void> {
  const data = { findings: findings.map((finding) => ({ ...finding })) };
  await tx.prescriptionItem.update({ where: { id: itemId }, data });
}

export async function removeItems(tx: StoreTx, ids: readonly string[]): Promise<void> {
  await tx.prescriptionItem.deleteMany({ where: { id: { in: [...ids] } } });
}

/** ATC codes of medicines by product code; a code that is missing is not in the list. */
export async function atcCodesOf(
  tx: StoreTx,
  codes: readonly string[],
): Promise<Map<string, string>> {
  const found = await tx.medicine.findMany({
    where: { code: { in: [...codes] } },
    select: { code: true, atcCode: true },
  });
  return new Map(found.map(({ code, atcCode }) => [code, atcCode]));
}

/** What a patient takes by other prescriptions: open ones, and courses not over on the day. */
export async function otherMedicines(
  tx: StoreTx,
  patientId: string,
  exceptId: string,
  day: string,
): Promise<string[]> {
  const rows = await tx.$queryRaw<{ atc_code: string }[]>`
    SELECT DISTINCT medicine.atc_code
    FROM prescription JOIN prescription_item item ON item.prescription_id = prescription.id
      JOIN medicine ON medicine.code = item.medicine_code
    WHERE prescription.patient_id = ${patientId}::uuid AND prescription.id <> ${exceptId}::uuid
      AND ((prescription.state IN ('ISSUED', 'PARTIALLY_DISPENSED')
          AND (prescription.valid_until IS NULL OR prescription.valid_until >= ${day}::date))
        OR (prescription.state = 'DISPENSED'
          AND prescription.issued_at::date + COALESCE(item.duration_days, 0) >= ${day}::date))
    ORDER BY 1`;
  return rows.map((row) => row.atc_code);
}
