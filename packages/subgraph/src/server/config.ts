import { z } from 'zod';
import { keyServiceConfigOf, keyServiceVariables } from '@caregraph/encryption';

const base64Key = z
  .string()
  .transform((text) => new Uint8Array(Buffer.from(text, 'base64')))
  .refine((bytes) => bytes.length >= 32, 'must be base64 of at least 32 bytes');

const urlList = z
  .string()
  .default('')
  .transform((text) => text.split(',').filter((one) => one !== ''))
  .pipe(z.array(z.url()));

/** The environment of one subgraph process in the full profile. */
const schema = z.object({
  /** Where the subgraph listens; loopback unless it is told otherwise. */
  HOST: z.string().default('127.0.0.1'),
  /** The port it listens on. */
  PORT: z.coerce.number().int().min(0).max(65_535),
  /** The store of this subgraph, postgresql://… */
  DATABASE_URL: z.url(),
  /** Connections to the store; the sum over processes stays below the server's limit. */
  DATABASE_MAX_CONNECTIONS: z.coerce.number().int().positive().default(16),
  /** The only accepted issuer of access tokens. */
  TOKEN_ISSUER: z.url(),
  /** The audience that access tokens must name. */
  TOKEN_AUDIENCE: z.string().min(1),
  /** Where the issuer publishes its keys: an https URL, or file: for a key set on disk. */
  JWKS_URL: z.url({ protocol: /^(https|file)$/ }),
  /** Where clients reach the router's graph; DPoP proofs are made for it. */
  GRAPH_URL: z.url(),
  /** Carries revocations; without it tokens end by their age alone. */
  REDIS_URL: z.url({ protocol: /^rediss?$/ }).optional(),
  /** With which the router signs what it says of a request; the same at router and subgraphs. */
  ROUTER_CONTEXT_KEY: base64Key,
  /** Where the patient subgraph publishes the public keys of its break-glass grants. */
  BREAK_GLASS_JWKS_URL: z.url({ protocol: /^(https|file)$/ }),
  /** Path of the private JWK that signs grants; the patient subgraph's alone. */
  BREAK_GLASS_KEY_FILE: z.string().min(1).optional(),
  /** Keys the hash of requests in operation records. */
  OPERATION_HASH_KEY: base64Key,
  /** The database of wrapped keys, postgresql://…; never on the server of the stores in production. */
  DATABASE_URL_KEYS: z.url(),
  ...keyServiceVariables,
  /** The list of erasures: whoever it names is erased again before this process serves. */
  ERASURE_LIST_DIR: z.string().min(1).optional(),
  /** The public keys (a JWK set) that sign the entries of that list; goes with it. */
  ERASURE_KEYS_FILE: z.string().min(1).optional(),
  /** ISO 3166-1 region of phone numbers that are written without a country code. */
  PHONE_REGION: z
    .string()
    .regex(/^[A-Z]{2}$/)
    .default('IN'),
  /** Signs the delivery of events between subgraphs. */
  EVENT_DELIVERY_KEY: base64Key,
  /** The /events endpoints of the subgraphs that want this one's events. */
  EVENT_SUBSCRIBER_URLS: urlList,
  /** The lowest level that is logged. */
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
});

export type SubgraphConfig = Readonly<z.infer<typeof schema>>;

/**
 * Reads and checks the environment once, when the process starts.
 *
 * @throws Error naming every variable that is missing or wrong, without its value
 */
export function readSubgraphConfig(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): SubgraphConfig {
  const parsed = schema
    .refine((given) => (given.ERASURE_LIST_DIR === undefined) === !given.ERASURE_KEYS_FILE, {
      path: ['ERASURE_KEYS_FILE'],
      message: 'goes with ERASURE_LIST_DIR',
    })
    .safeParse(environment);
  if (parsed.success) {
    // Which variables are needed depends on the service: said at the start, not at the first use.
    keyServiceConfigOf(parsed.data);
    return Object.freeze(parsed.data);
  }
  const wrong = parsed.error.issues.map((one) => `${one.path.join('.')}: ${one.message}`);
  throw new Error(`The configuration is not complete.\n${wrong.join('\n')}`);
}
