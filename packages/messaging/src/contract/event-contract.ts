import { z } from 'zod';

const uuid = z.uuid();

/**
 * Where an area stands in the tree. `ancestors` lists the roots first and the area itself last.
 * `districtId` is the district it lies in, or the area itself above districts; events that are older
 * than districts lack it.
 */
const areaPlaced = z.object({
  areaId: uuid,
  ancestors: z.array(uuid).min(1).max(20),
  districtId: uuid.optional(),
  version: z.int().positive(),
});

/** Where a patient belongs now: all that other subgraphs may know of a patient. */
const patientPlaced = z.object({
  patientId: uuid,
  areaId: uuid,
  institutionId: uuid,
  authorId: uuid,
  status: z.string(),
  version: z.int().positive(),
});

/** One request's access to patients' records, in one subgraph: who, what, when, why, outcome. */
const recordAccessed = z.object({
  requestId: uuid,
  subgraph: z.string(),
  action: z.enum(['READ', 'WRITE']),
  actor: z.object({
    id: z.string(),
    clientId: z.string(),
    roles: z.array(z.string()),
    institutionId: uuid,
    deviceId: uuid.optional(),
  }),
  purpose: z.string(),
  /** The instant of the access on the server; a write has its own recordedAt besides. */
  at: z.iso.datetime(),
  recordedAt: z.iso.datetime().optional(),
  /** The grant that opened one of these records; left out when scope alone did. */
  breakGlass: z.object({ grantId: uuid, patientId: uuid, reason: z.string() }).optional(),
  /** Mutation name for a write; undefined for a read. */
  operation: z.string().optional(),
  operationId: uuid.optional(),
  outcome: z.string(),
  accesses: z.array(z.object({ patientId: uuid, types: z.array(z.string()) })),
});

/** A staff member's role, areas or standing changed; who needs to know more asks. */
const staffChanged = z.object({
  staffId: uuid,
  version: z.int().positive(),
  dismissed: z.boolean(),
});

const deviceChanged = z.object({
  deviceId: uuid,
  version: z.int().positive(),
  state: z.enum(['ENROLLED', 'SUSPENDED', 'LOST', 'RETIRED']),
});

const partnerChanged = z.object({
  partnerId: uuid,
  version: z.int().positive(),
  state: z.enum(['ACTIVE', 'SUSPENDED']),
});

/** Every event type with the contract of its data. No contract has a place for patient data. */
export const eventContracts = {
  'org.caregraph.area.placed.v1': areaPlaced,
  'org.caregraph.patient.placed.v1': patientPlaced,
  'org.caregraph.record.accessed.v1': recordAccessed,
  'org.caregraph.staff.changed.v1': staffChanged,
  'org.caregraph.device.changed.v1': deviceChanged,
  'org.caregraph.partner.changed.v1': partnerChanged,
} as const;

export type EventType = keyof typeof eventContracts;
export type EventData<TType extends EventType> = z.infer<(typeof eventContracts)[TType]>;
