import { z } from 'zod';
import { networkConfigOf, networkVariables, type NetworkConfig } from '@caregraph/network';

const base64Key = z
  .string()
  .transform((text) => new Uint8Array(Buffer.from(text, 'base64')))
  .refine((bytes) => bytes.length === 32, 'must be base64 of 32 bytes');

const plainUrl = z.url({ protocol: /^https?$/ }).regex(/[^/]$/, 'must not end with a slash');

const schema = z.object({
  /** Where the provider listens; loopback unless it is told otherwise. */
  HOST: z.string().default('127.0.0.1'),
  /** The port it listens on. */
  PORT: z.coerce.number().int().min(0).max(65_535),
  /** The store of identity, postgresql://… */
  DATABASE_URL: z.url(),
  /** Connections to the store; the sum over processes stays below the server's limit. */
  DATABASE_MAX_CONNECTIONS: z.coerce.number().int().positive().default(16),
  /** Seals what is secret in the store. */
  IDENTITY_SEALING_KEY: base64Key,
  /** The `iss` of every token, and where browsers reach the sign-in page. */
  TOKEN_ISSUER: plainUrl,
  /** Where clients reach the router. */
  PUBLIC_URL: plainUrl,
  /** The audience of access tokens. */
  TOKEN_AUDIENCE: z.string().min(1),
  /** The institution subgraph, which knows staff, devices and partners. */
  INSTITUTION_URL: z.url({ protocol: /^https?$/ }),
  /** Carries revocations to router and subgraphs; without it they wait for tokens to expire. */
  REDIS_URL: z.url({ protocol: /^rediss?$/ }).optional(),
  /** Signs the delivery of events between subgraphs. */
  EVENT_DELIVERY_KEY: z
    .string()
    .transform((text) => new Uint8Array(Buffer.from(text, 'base64')))
    .refine((bytes) => bytes.length >= 32, 'must be base64 of at least 32 bytes'),
  /** Longest wait for requests in flight when stopping; below the grace time of the platform. */
  DRAIN_TIMEOUT_MS: z.coerce.number().int().min(1).default(10_000),
  ...networkVariables,
  /** The lowest level that is logged. */
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
});

export type IdentityConfig = Readonly<z.infer<typeof schema>> & {
  /** How identity meets the network, made of the variables above. */
  readonly network: NetworkConfig;
};

/**
 * Reads and checks the environment once, when the process starts.
 *
 * @throws Error naming every variable that is missing or wrong, without its value
 */
export function readIdentityConfig(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): IdentityConfig {
  const parsed = schema.safeParse(environment);
  if (parsed.success) return Object.freeze({ ...parsed.data, network: networkOf(parsed.data) });
  const wrong = parsed.error.issues.map((one) => `${one.path.join('.')}: ${one.message}`);
  throw new Error(`The configuration is not complete.\n${wrong.join('\n')}`);
}

/** The explorer's page is the router's, and signs in here from there. */
function networkOf(from: z.infer<typeof schema>): NetworkConfig {
  const { HOST, TOKEN_ISSUER, PUBLIC_URL } = from;
  const names = [HOST, new URL(TOKEN_ISSUER).hostname];
  const { allowedOrigins, ...network } = networkConfigOf(from, names);
  const origins = new Set([...allowedOrigins, new URL(PUBLIC_URL).origin]);
  return Object.freeze({ ...network, allowedOrigins: [...origins] });
}
