import { z } from 'zod';
import { codingInput } from '../coding.ts';

const reasons = [
  'REFUSED',
  'CONTRAINDICATED',
  'ILL_TODAY',
  'OUT_OF_STOCK',
  'IMMUNE',
  'GIVEN_ELSEWHERE',
  'OTHER',
] as const;

const dose = z.object({
  id: z.string(),
  vaccineCode: z.string().trim().min(1).max(40).nullish(),
  coding: codingInput.nullish(),
  doseNumber: z.int().min(0).max(20).nullish(),
  rule: z.string().max(60).nullish(),
  givenOn: z.string().nullish(),
  notGivenReason: z.enum(reasons).nullish(),
  batch: z.string().trim().min(1).max(60).nullish(),
  institutionId: z.string().nullish(),
  givenById: z.string().nullish(),
  birthDate: z.string().nullish(),
});

type Dose = z.infer<typeof dose>;

/** A rule of the schedule names its vaccine. */
const isNamed = ({ vaccineCode, coding, rule }: Dose): boolean =>
  vaccineCode != null || coding != null || rule != null;
/** A dose is given on a day or not given for a reason. */
const isEither = ({ givenOn, notGivenReason }: Dose): boolean =>
  givenOn == null || notGivenReason == null;

export const recordImmunizationInput = dose
  .extend({ patientId: z.string() })
  .refine(isNamed, { path: ['vaccineCode'] })
  .refine(isEither, { path: ['notGivenReason'] });

export const amendImmunizationInput = z.object({
  immunizationId: z.string(),
  replacement: dose
    .refine(isNamed, { path: ['vaccineCode'] })
    .refine(isEither, { path: ['notGivenReason'] })
    .nullish(),
});

/** What is said of a dose, whether it is new or a replacement. */
export type StatedDose = Dose;
export type RecordImmunizationInput = z.infer<typeof recordImmunizationInput>;
export type AmendImmunizationInput = z.infer<typeof amendImmunizationInput>;
