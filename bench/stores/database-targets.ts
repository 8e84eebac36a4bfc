import { z } from 'zod';
import type { DatabaseTarget } from '@caregraph/database';

const target = z.object({
  host: z.string(),
  port: z.int(),
  user: z.string(),
  password: z.string(),
  database: z.string(),
}) satisfies z.ZodType<DatabaseTarget>;

/** Where the stores are, as one process of a bench tells another. */
export const databaseTargets = z.object({
  patient: target,
  clinical: target,
  prescription: target,
  institution: target,
  audit: target,
});
