import { z } from 'zod';
import {
  defaultNetworkConfig,
  networkConfigOf,
  networkVariables,
  type NetworkConfig,
} from '@caregraph/network';
import { publishedSupergraphPath } from '@caregraph/schema-registry';
import type { UnauthorisedFields } from './access/index.ts';
import {
  defaultLimits,
  limitsConfigOf,
  limitVariables,
  type LimitsConfig,
} from './limits/limits-config.ts';

/** What createRouter needs to know; both profiles fill it. */
export interface RouterConfig {
  /** Address to listen on. */
  readonly host: string;
  /** Port to listen on; 0 lets the system choose one. */
  readonly port: number;
  /** Longest request body in bytes. */
  readonly bodyLimitBytes: number;
  /** How long a subgraph may take to answer, in milliseconds. */
  readonly subgraphTimeoutMs: number;
  /** How long requests in flight may take to finish when the router stops, in milliseconds. */
  readonly drainTimeoutMs: number;
  /** Whether clients may ask for the schema; the explorer needs it. */
  readonly introspection: boolean;
  /** Whether /explorer is served. */
  readonly explorer: boolean;
  /** What happens to a document that asks what its actor may not have. */
  readonly unauthorisedFields: UnauthorisedFields;
  /** How the router meets the network: TLS, names, origins, limits on connections. */
  readonly network: NetworkConfig;
  /** How large, how dear and how frequent requests may be. */
  readonly limits: LimitsConfig;
}

/** What fits a small server; the embedded profile starts from it. */
export const defaultRouterConfig: RouterConfig = Object.freeze({
  host: '127.0.0.1',
  port: 4000,
  bodyLimitBytes: 1_048_576,
  subgraphTimeoutMs: 10_000,
  drainTimeoutMs: 10_000,
  introspection: true,
  explorer: true,
  unauthorisedFields: 'null',
  network: defaultNetworkConfig,
  limits: defaultLimits,
});

/** What the router's own process needs besides. */
export interface RouterProcessConfig {
  readonly router: RouterConfig;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  readonly tokenIssuer: string;
  readonly tokenAudience: string;
  readonly tokenKeysUrl: URL;
  readonly graphUrl: string;
  readonly redisUrl: string | undefined;
  readonly routerContextKey: Uint8Array;
  readonly subgraphUrls: Readonly<Record<string, string>>;
  readonly supergraphFile: string;
  readonly supergraphPollMs: number;
  readonly documents: { readonly folder: string; readonly keysFile: string } | undefined;
}

const flag = (preset: 'true' | 'false') =>
  z
    .enum(['true', 'false'])
    .default(preset)
    .transform((text) => text === 'true');
const milliseconds = (preset: number) => z.coerce.number().int().min(1).default(preset);

const environment = z.object({
  /** Address to listen on; only the machine itself unless said otherwise. */
  HOST: z.string().min(1).default(defaultRouterConfig.host),
  /** Port of the public endpoint. */
  PORT: z.coerce.number().int().min(0).max(65_535).default(defaultRouterConfig.port),
  /** Longest request body; documents and batches of operations stay far below. */
  BODY_LIMIT_BYTES: z.coerce.number().int().min(1_024).default(defaultRouterConfig.bodyLimitBytes),
  /** After this the part of a subgraph is reported as missing. */
  SUBGRAPH_TIMEOUT_MS: milliseconds(defaultRouterConfig.subgraphTimeoutMs),
  /** Longest wait for requests in flight when stopping; below the grace time of the platform. */
  DRAIN_TIMEOUT_MS: milliseconds(defaultRouterConfig.drainTimeoutMs),
  /** Developers explore the schema; a deployment without developers turns it off. */
  INTROSPECTION: flag('true'),
  /** Serves /explorer; a deployment without developers turns it off. */
  EXPLORER: flag('true'),
  /** null: such fields read as null with an error each; refuse: the whole document is refused. */
  UNAUTHORISED_FIELDS: z.enum(['null', 'refuse']).default('null'),
  ...networkVariables,
  ...limitVariables,
  /** Lowest level written to the log. */
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
  /** The only accepted issuer of access tokens. No default: it decides who gets in. */
  TOKEN_ISSUER: z.url(),
  /** The audience that access tokens must name. */
  TOKEN_AUDIENCE: z.string().min(1),
  /** Where the issuer publishes its keys: an https URL, or file: for a key set on disk. */
  JWKS_URL: z.url({ protocol: /^(https|file)$/ }).transform((text) => new URL(text)),
  /** Where clients reach /graphql, as they write it: DPoP proofs are made for it. */
  GRAPH_URL: z.url(),
  /** Carries revocations, used proofs and rate limits between processes. */
  REDIS_URL: z.url({ protocol: /^rediss?$/ }).optional(),
  /** Base64 of at least 32 bytes; signs for subgraphs what the router says of a request. */
  ROUTER_CONTEXT_KEY: z
    .string()
    .transform((text) => new Uint8Array(Buffer.from(text, 'base64')))
    .refine((bytes) => bytes.length >= 32, 'must be base64 of at least 32 bytes'),
  /** Where the subgraphs answer: `patient=http://host:port/graphql,clinical=…`. */
  SUBGRAPH_URLS: z.string().min(1).transform(parseSubgraphUrls),
  /** The supergraph to serve; watched for changes. */
  SUPERGRAPH_FILE: z.string().min(1).default(publishedSupergraphPath),
  /** How often the supergraph file is looked at. */
  SUPERGRAPH_POLL_MS: milliseconds(2_000),
  /** Signed manifests of registered documents; without it such clients run nothing. */
  DOCUMENTS_DIR: z.string().min(1).optional(),
  /** JWK set with the public keys of those who may sign them. No default: it decides what runs. */
  DOCUMENT_KEYS_FILE: z.string().min(1).optional(),
});

/**
 * Reads the configuration of the router's own process.
 *
 * @param env environment variables; `process.env` when left out
 * @throws Error naming every variable that is missing or wrong, never its value
 * @example const config = readRouterConfig();
 */
export function readRouterConfig(
  env: Readonly<Record<string, string | undefined>> = process.env,
): RouterProcessConfig {
  const read = environment.safeParse(env);
  if (!read.success) {
    const lines = read.error.issues.map(({ path, message }) => `  ${path.join('.')}: ${message}`);
    throw new Error(`The router's configuration is not valid:\n${lines.join('\n')}`);
  }
  const from = read.data;
  return Object.freeze({
    router: Object.freeze({
      host: from.HOST,
      port: from.PORT,
      bodyLimitBytes: from.BODY_LIMIT_BYTES,
      subgraphTimeoutMs: from.SUBGRAPH_TIMEOUT_MS,
      drainTimeoutMs: from.DRAIN_TIMEOUT_MS,
      introspection: from.INTROSPECTION,
      explorer: from.EXPLORER,
      unauthorisedFields: from.UNAUTHORISED_FIELDS,
      limits: limitsConfigOf(from),
      network: networkConfigOf(from, [from.HOST, new URL(from.GRAPH_URL).hostname]),
    }),
    logLevel: from.LOG_LEVEL,
    tokenIssuer: from.TOKEN_ISSUER,
    tokenAudience: from.TOKEN_AUDIENCE,
    tokenKeysUrl: from.JWKS_URL,
    graphUrl: from.GRAPH_URL,
    redisUrl: from.REDIS_URL,
    routerContextKey: from.ROUTER_CONTEXT_KEY,
    subgraphUrls: Object.freeze(from.SUBGRAPH_URLS),
    supergraphFile: from.SUPERGRAPH_FILE,
    supergraphPollMs: from.SUPERGRAPH_POLL_MS,
    documents: documentsOf(from),
  });
}

function documentsOf({
  DOCUMENTS_DIR: folder,
  DOCUMENT_KEYS_FILE: keysFile,
}: z.infer<typeof environment>): RouterProcessConfig['documents'] {
  if (folder !== undefined && keysFile !== undefined) return { folder, keysFile };
  if (folder === undefined && keysFile === undefined) return undefined;
  throw new Error(
    "The router's configuration is not valid:\n  DOCUMENTS_DIR and DOCUMENT_KEYS_FILE go together",
  );
}

/**
 * Threat: unless told not to, the gateway reports metrics to its vendor over the internet. It
 * reads this one variable when it is constructed.
 */
export function disableVendorTelemetry(): void {
  process.env['APOLLO_TELEMETRY_DISABLED'] = 'true';
}

function parseSubgraphUrls(text: string, context: z.RefinementCtx): Record<string, string> {
  const urls: Record<string, string> = {};
  for (const entry of text.split(',').map((part) => part.trim())) {
    const [, name, url] = /^([a-z][a-z0-9-]*)=(https?:\/\/\S+)$/.exec(entry) ?? [];
    if (name === undefined || url === undefined || !URL.canParse(url)) {
      context.addIssue('must be a list like patient=http://host:port/graphql,clinical=…');
      return z.NEVER;
    }
    urls[name] = url;
  }
  return urls;
}
