import { z } from 'zod';

/** Where the app gets its code; nothing listens there, the client reads the redirect. */
export const appRedirect = 'http://127.0.0.1/signed-in';

/** What a provider under test tells of itself. */
export const providerStarted = z.object({
  issuer: z.url(),
  appClientId: z.string(),
  partnerId: z.string(),
  /** One for each that signs in at once. */
  people: z.array(z.object({ username: z.string(), password: z.string() })),
  /** What the fields of its sign-in page are called. */
  fields: z.object({ username: z.string(), password: z.string() }),
});

export type ProviderStarted = z.infer<typeof providerStarted>;
