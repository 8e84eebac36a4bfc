import { isUuidV7 } from '@caregraph/clock';
import { z } from 'zod';

/** Why a person is erased: a code, because the list must hold nothing about the person. */
export const erasureReasons = [
  'REQUEST_OF_PERSON',
  'COURT_ORDER',
  'ENTERED_IN_ERROR',
  'RETENTION_ENDED',
] as const;
export type ErasureReason = (typeof erasureReasons)[number];

const uuid = z.string().refine(isUuidV7);
const anyUuid = z.uuid().lowercase();
const instant = z.iso.datetime();
const counts = z.strictObject({
  store: z.string(),
  rows: z.int().nonnegative(),
  keys: z.int().nonnegative(),
});

const record = z.strictObject({
  version: z.literal(1),
  patientId: uuid,
  reason: z.enum(erasureReasons),
  requestedAt: instant,
  /** Records that were merged into this one: the same person. The deepest first. */
  aliases: z.array(anyUuid),
  /** Households that went along, because nobody else lived in them, and with whom they went. */
  households: z.array(z.strictObject({ id: anyUuid, patientId: anyUuid })),
  state: z.enum(['REQUESTED', 'COMPLETED']),
});

const certificate = z.strictObject({
  version: z.literal(1),
  patientId: uuid,
  aliases: z.array(anyUuid),
  reason: z.enum(erasureReasons),
  requestedAt: instant,
  completedAt: instant,
  /** In each store: how many rows were deleted or emptied, and how many keys were destroyed. */
  stores: z.array(counts),
  /** The last day on which a backup of the key database may still hold one of the keys. */
  keyBackupsExpireOn: z.iso.date(),
  devices: z.literal('NOT_ASKED'),
  statement: z.string(),
});

/** What the list knows of one erasure; a file of its own. */
export const erasureEntry = z.strictObject({
  record,
  recordSignature: z.string(),
  certificate: certificate.optional(),
  certificateSignature: z.string().optional(),
});

export type ErasureRecord = z.infer<typeof record>;
export type ErasureCertificate = z.infer<typeof certificate>;
export type ErasureEntry = z.infer<typeof erasureEntry>;
