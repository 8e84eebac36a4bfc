import { z } from 'zod';

/** The flags of the SDL, which GraphQL has checked against its enum. */
const riskFlags = z.array(z.string().max(60)).max(40).nullish();
const count = z.int().min(0).max(30).nullish();

export const registerPregnancyInput = z
  .object({
    id: z.string(),
    patientId: z.string(),
    lmp: z.string().nullish(),
    edd: z.string().nullish(),
    gravida: count,
    para: count,
    riskFlags,
  })
  .refine(({ lmp, edd }) => lmp != null || edd != null, { path: ['lmp'] });

export const updatePregnancyInput = z.object({
  pregnancyId: z.string(),
  lmp: z.string().nullish(),
  edd: z.string().nullish(),
  gravida: count,
  para: count,
  addRiskFlags: riskFlags,
  removeRiskFlags: riskFlags,
});

const outcomes = [
  'LIVE_BIRTH',
  'STILLBIRTH',
  'MISCARRIAGE',
  'TERMINATION',
  'MATERNAL_DEATH',
  'UNKNOWN',
] as const;

export const recordPregnancyOutcomeInput = z
  .object({
    pregnancyId: z.string(),
    outcome: z.enum(outcomes),
    outcomeOn: z.string().nullish(),
  })
  .refine(({ outcome, outcomeOn }) => outcome === 'UNKNOWN' || outcomeOn != null, {
    path: ['outcomeOn'],
  });

export type RegisterPregnancyInput = z.infer<typeof registerPregnancyInput>;
export type UpdatePregnancyInput = z.infer<typeof updatePregnancyInput>;
export type RecordPregnancyOutcomeInput = z.infer<typeof recordPregnancyOutcomeInput>;
