import { z } from 'zod';
import { purposes, type Purpose } from '../role.ts';

/** The request header that carries a grant. */
export const breakGlassHeader = 'x-break-glass';

/** Why a record outside the scope is opened: a code, because grants and events hold no free text. */
export const breakGlassReasons = [
  'EMERGENCY',
  'PATIENT_PRESENT',
  'TRANSFER_OF_CARE',
  'COVERING_COLLEAGUE',
] as const;

export type BreakGlassReason = (typeof breakGlassReasons)[number];

/** The longest that a grant may last, in seconds. */
export const longestGrantS = 3_600;

export const grantIssuer = 'caregraph/patient';
export const grantType = 'break-glass+jwt';

/** The leave to open one patient's record, for one actor and one purpose. */
export interface BreakGlassGrant {
  readonly grantId: string;
  readonly actorId: string;
  readonly patientId: string;
  readonly purpose: Purpose;
  readonly reason: BreakGlassReason;
  /** Seconds since the epoch. */
  readonly issuedAt: number;
  /** Seconds since the epoch. */
  readonly expiresAt: number;
}

// Strict: a claim that is not known here may be a condition that would not be kept.
const grantClaims = z.strictObject({
  iss: z.literal(grantIssuer),
  sub: z.string().min(1).max(200),
  jti: z.uuid(),
  patient: z.uuid(),
  purpose: z.enum(purposes),
  reason: z.enum(breakGlassReasons),
  iat: z.int(),
  exp: z.int(),
});

/** Reads the claims of a grant whose signature holds; undefined when they are not a grant's. */
export function grantOfClaims(claims: unknown): BreakGlassGrant | undefined {
  const { success, data } = grantClaims.safeParse(claims);
  if (!success) return undefined;
  return {
    grantId: data.jti,
    actorId: data.sub,
    patientId: data.patient,
    purpose: data.purpose,
    reason: data.reason,
    issuedAt: data.iat,
    expiresAt: data.exp,
  };
}
