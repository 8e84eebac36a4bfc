import { z } from 'zod';

export const loadOrder = z.object({
  /** Of a server on this machine. */
  url: z.url(),
  method: z.enum(['GET', 'POST']),
  headers: z.record(z.string(), z.string()),
  body: z.string().optional(),
  /** Requests in flight at a time, each on a connection of its own. */
  concurrency: z.int().min(1).max(64),
  durationMs: z.int().min(1).max(60_000),
  maxRequests: z.int().min(1).max(200_000),
});

export type LoadOrder = Readonly<z.infer<typeof loadOrder>>;

export const loadResult = z.object({
  latenciesMs: z.array(z.number()),
  elapsedMs: z.number(),
  /** The body of the first answer; all others were the same. */
  sample: z.string(),
});

export type LoadResult = Readonly<z.infer<typeof loadResult>>;
