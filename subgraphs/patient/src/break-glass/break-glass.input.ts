import { z } from 'zod';
import { breakGlassReasons } from '@caregraph/access';

export const breakGlassInput = z.object({
  patientId: z.uuid(),
  reason: z.enum(breakGlassReasons),
  justification: z.string().trim().min(10).max(500),
});

export const closeBreakGlassInput = z.object({ grantId: z.uuid() });

export type BreakGlass = z.infer<typeof breakGlassInput>;
