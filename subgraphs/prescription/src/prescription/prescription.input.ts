import { z } from 'zod';
import { codingInput } from '../coding-input.ts';

/** The routes of the reference data; a test holds the two lists together. */
export const routes = [
  'PO',
  'IV',
  'IM',
  'SC',
  'ID',
  'TOP',
  'TD',
  'OPH',
  'OT',
  'NAS',
  'INH',
  'PR',
  'PV',
  'SL',
  'BUCC',
  'IT',
  'IU',
] as const;

const itemInput = z
  .object({
    id: z.string(),
    medicineCode: z.string().min(1).max(80).nullish(),
    originalCoding: codingInput.nullish(),
    doseQuantity: z.number().positive().max(1_000_000).nullish(),
    doseUnit: z.string().trim().min(1).max(20).nullish(),
    route: z.enum(routes).nullish(),
    frequencyPerDay: z.number().positive().max(24).nullish(),
    asNeeded: z.boolean().default(false),
    durationDays: z.int().min(1).max(366).nullish(),
    quantity: z.int().min(1).max(10_000).nullish(),
    instructions: z.string().trim().min(1).max(1_000).nullish(),
  })
  .refine((item) => item.medicineCode != null || item.originalCoding != null, {
    path: ['medicineCode'],
  });

export type ItemInput = z.infer<typeof itemInput>;

const subject = z
  .object({
    // 130 years.
    ageDays: z.int().min(0).max(47_482),
    weightKg: z.number().min(0.3).max(400).nullish(),
    pregnant: z.boolean().default(false),
    trimester: z.literal([1, 2, 3]).nullish(),
  })
  .refine(({ pregnant, trimester }) => pregnant || trimester == null, { path: ['trimester'] });

export type Subject = z.infer<typeof subject>;

/** Reads the subject that a draft keeps. */
export function readSubject(stored: unknown): Subject | undefined {
  return stored === null || stored === undefined ? undefined : subject.parse(stored);
}

const items = z
  .array(itemInput)
  .min(1)
  .max(30)
  .refine((list) => new Set(list.map(({ id }) => id)).size === list.length);

const notes = z.string().trim().min(1).max(4_000);

const needed = [
  'medicineCode',
  'doseQuantity',
  'doseUnit',
  'route',
  'durationDays',
  'quantity',
] as const;

/** What an order that somebody is to follow must say. Other systems' history may say less. */
function refuseIncomplete(list: readonly ItemInput[], ctx: z.RefinementCtx, name = 'items'): void {
  list.forEach((item, index) => {
    const missing = needed.filter((field) => item[field] == null);
    const paced = item.frequencyPerDay != null || item.asNeeded;
    for (const field of [...missing, ...(paced ? [] : ['frequencyPerDay'])]) {
      ctx.addIssue({ code: 'custom', path: [name, index, field] });
    }
  });
}

export const draftPrescriptionInput = z
  .object({
    id: z.string(),
    patientId: z.string(),
    checkupId: z.string().nullish(),
    items,
    subject: subject.nullish(),
    notes: notes.nullish(),
    validUntil: z.string().nullish(),
  })
  .superRefine((input, ctx) => refuseIncomplete(input.items, ctx));

export const updateDraftPrescriptionInput = z
  .object({
    prescriptionId: z.string(),
    notes: notes.nullish(),
    validUntil: z.string().nullish(),
    addItems: items.nullish(),
    removeItemIds: z.array(z.string()).max(30).nullish(),
  })
  .superRefine((input, ctx) => refuseIncomplete(input.addItems ?? [], ctx, 'addItems'));

const historic = ['historicState', 'prescriberId', 'institutionId'] as const;

export const issuePrescriptionInput = z
  .object({
    id: z.string(),
    patientId: z.string().nullish(),
    checkupId: z.string().nullish(),
    items: items.nullish(),
    subject: subject.nullish(),
    notes: notes.nullish(),
    validUntil: z.string().nullish(),
    overrideReason: z.string().trim().min(1).max(500).nullish(),
    imported: z.boolean().default(false),
    historicState: z.enum(['ISSUED', 'DISPENSED', 'CANCELLED', 'EXPIRED']).nullish(),
    prescriberId: z.string().nullish(),
    institutionId: z.string().nullish(),
  })
  .superRefine((input, ctx) => {
    const refuse = (field: string) => ctx.addIssue({ code: 'custom', path: [field] });
    if ((input.patientId == null) !== (input.items == null)) refuse('patientId');
    if (input.imported) {
      if (input.items == null) refuse('items');
      return;
    }
    for (const field of historic) if (input[field] != null) refuse(field);
    if (input.items == null) return;
    if (input.subject == null) refuse('subject');
    refuseIncomplete(input.items, ctx);
  });

export const cancelPrescriptionInput = z.object({
  prescriptionId: z.string(),
  reason: z.string().trim().min(1).max(500),
});

export type DraftInput = z.infer<typeof draftPrescriptionInput>;
export type UpdateDraftInput = z.infer<typeof updateDraftPrescriptionInput>;
export type IssueInput = z.infer<typeof issuePrescriptionInput>;
export type CancelInput = z.infer<typeof cancelPrescriptionInput>;
