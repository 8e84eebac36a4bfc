import { z } from 'zod';
import type { DatabaseTarget } from '@caregraph/database';

/** Where one store is. */
export const databaseTarget = z.object({
  host: z.string(),
  port: z.int(),
  user: z.string(),
  password: z.string(),
  database: z.string(),
}) satisfies z.ZodType<DatabaseTarget>;

/** Where the stores are, as one process of a bench tells another. */
/** Where one store is. */
export const databaseTargets = z.object({
  patient: databaseTarget,
  clinical: databaseTarget,
  prescription: databaseTarget,
  institution: databaseTarget,
  audit: databaseTarget,
  keys: databaseTarget,
});
