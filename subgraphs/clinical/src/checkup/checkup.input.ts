import { z } from 'zod';
import { codingInput } from '../coding.ts';

const int = z.int().nullish();
const number = z.number().nullish();
const visitTypes = [
  'ANC',
  'PNC',
  'CHILD',
  'IMMUNIZATION',
  'GENERAL',
  'HOME_VISIT',
  'DELIVERY',
  'FOLLOW_UP',
  'EMERGENCY',
  'ENCOUNTER_IMPORT',
] as const;
const reasons = [
  'ENTRY_ERROR',
  'MEASUREMENT_ERROR',
  'WRONG_PATIENT',
  'DUPLICATE',
  'ADDITIONAL_INFORMATION',
] as const;

const vitals = z.object({
  systolicMmHg: int,
  diastolicMmHg: int,
  pulsePerMin: int,
  respiratoryRatePerMin: int,
  temperatureCelsius: number,
  spo2Percent: number,
  weightKg: number,
  heightCm: number,
  muacMm: int,
  haemoglobinGdl: number,
  glucoseMmolL: number,
  glucoseFasting: z.boolean().nullish(),
  fundalHeightCm: number,
  fetalHeartRatePerMin: int,
});

const diagnosis = z
  .object({
    diseaseCode: z.string().trim().min(1).max(20).nullish(),
    coding: codingInput.nullish(),
    certainty: z.enum(['SUSPECTED', 'CONFIRMED', 'RULED_OUT']),
    onsetOn: z.string().nullish(),
  })
  .refine(({ diseaseCode, coding }) => diseaseCode != null || coding != null, {
    path: ['diseaseCode'],
  });

const findings = {
  ageDays: z.int().min(0).max(50_000).nullish(),
  vitals: vitals.nullish(),
  dangerSigns: z.array(z.string().max(60)).max(50).nullish(),
  notes: z.string().max(20_000).nullish(),
  diagnoses: z.array(diagnosis).max(100).nullish(),
  pregnancyId: z.string().nullish(),
};

export const recordCheckupInput = z.object({
  id: z.string(),
  patientId: z.string(),
  visitType: z.enum(visitTypes),
  institutionId: z.string().nullish(),
  attendedById: z.string().nullish(),
  ...findings,
});

export const amendCheckupInput = z
  .object({
    id: z.string(),
    amendsId: z.string(),
    reason: z.enum(reasons),
    withdraws: z.boolean(),
    visitType: z.enum(visitTypes).nullish(),
    ...findings,
  })
  .refine(
    ({ withdraws, vitals: values, dangerSigns, notes, diagnoses }) =>
      !withdraws || (!values && !dangerSigns?.length && !notes && !diagnoses?.length),
    { path: ['withdraws'] },
  );

export type VitalsValues = Partial<z.infer<typeof vitals>>;
export type RecordCheckupInput = z.infer<typeof recordCheckupInput>;
export type AmendCheckupInput = z.infer<typeof amendCheckupInput>;
/** What both say of a visit. */
export type CheckupFindings = Pick<RecordCheckupInput, keyof typeof findings>;
