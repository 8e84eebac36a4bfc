import { z } from 'zod';
import { isUuidV7 } from '@caregraph/clock';
import { newIdentifierInput } from '../identifier/index.ts';

const uuid = z.string().refine(isUuidV7);
/** The scalar has checked that the day exists. */
const day = z.iso.date();
/** Null and absent mean two things in an update: clear, and leave alone. */
const text = (max: number) => z.string().trim().min(1).max(max);

const languageTag = z
  .string()
  .max(35)
  .regex(/^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$/);

const statuses = ['ACTIVE', 'DECEASED', 'MOVED_AWAY', 'MERGED', 'ENTERED_IN_ERROR'] as const;
const sex = z.enum(['FEMALE', 'MALE', 'OTHER', 'UNKNOWN']);

export type PatientStatus = (typeof statuses)[number];

export const registerPatientInput = z
  .object({
    id: uuid,
    name: text(200),
    sex,
    birthDate: day.nullish(),
    birthDateEstimated: z.boolean().default(false),
    address: text(500).nullish(),
    phone: text(40).nullish(),
    preferredLanguage: languageTag.nullish(),
    areaId: uuid,
    householdId: uuid.nullish(),
    deceased: z.boolean().default(false),
    deceasedOn: day.nullish(),
    identifiers: z.array(newIdentifierInput).max(20).nullish(),
  })
  .refine((input) => input.birthDate != null || !input.birthDateEstimated, {
    path: ['birthDateEstimated'],
    message: 'there is no date to be estimated',
  });

export const updatePatientInput = z.object({
  patientId: uuid,
  name: text(200).optional(),
  sex: sex.optional(),
  birthDate: day.nullish(),
  birthDateEstimated: z.boolean().optional(),
  address: text(500).nullish(),
  phone: text(40).nullish(),
  preferredLanguage: languageTag.nullish(),
});

export const movePatientInput = z
  .object({ patientId: uuid, areaId: uuid.nullish(), householdId: uuid.nullish() })
  .refine((input) => input.areaId != null || input.householdId !== undefined, {
    path: ['areaId'],
    message: 'there is nowhere to move to',
  });

export const recordDeathInput = z.object({ patientId: uuid, deceasedOn: day.nullish() });

export const changePatientStatusInput = z
  .object({ patientId: uuid, status: z.enum(statuses), mergedIntoId: uuid.nullish() })
  .refine((input) => (input.status === 'MERGED') === (input.mergedIntoId != null), {
    path: ['mergedIntoId'],
    message: 'is given exactly with MERGED',
  });

export type RegisterPatient = z.infer<typeof registerPatientInput>;
export type UpdatePatient = z.infer<typeof updatePatientInput>;
