import { z } from 'zod';
import { isProxyRange } from './source-address.ts';

/** Where the certificate lies, and whose certificates clients may show. */
export interface TlsFiles {
  readonly certFile: string;
  readonly keyFile: string;
  /** Authorities whose client certificates count. */
  readonly clientCaFile: string | undefined;
  /** Whether a self-signed client certificate counts too (RFC 8705 §2.2). */
  readonly selfSignedClients: boolean;
  /** How often the files are looked at, in milliseconds. */
  readonly pollMs: number;
}

/** How a process meets the network. Times in milliseconds. */
export interface NetworkConfig {
  /** Undefined: plain HTTP, for this machine alone or behind a proxy that ends TLS. */
  readonly tls: TlsFiles | undefined;
  /** A proxy in front ends TLS, so plain HTTP beyond this machine is meant. */
  readonly behindProxy: boolean;
  /** Addresses and networks of the proxies that say whom they ask for (X-Forwarded-For). */
  readonly trustedProxies: readonly string[];
  /** Names of this deployment in `Host`, beside those of the machine itself. */
  readonly allowedHosts: readonly string[];
  /** Origins of web pages that may call /graphql. */
  readonly allowedOrigins: readonly string[];
  readonly maxConnections: number;
  /** From the first byte of a request to the end of its headers; also for the TLS handshake. */
  readonly headersTimeoutMs: number;
  /** From the first byte of a request to the last byte of its body. */
  readonly requestTimeoutMs: number;
  /** From the first byte of an answer until the client has taken all of it. */
  readonly answerTimeoutMs: number;
  /** A connection on which nothing moves, also while an answer waits to be read. */
  readonly idleTimeoutMs: number;
  /** Between two requests of a connection. */
  readonly keepAliveTimeoutMs: number;
  readonly maxHeaderBytes: number;
  readonly maxHeaders: number;
  readonly maxRequestsPerConnection: number;
}

/** Sized for a small server and for phones on a 2G link, whose batch may take two minutes. */
export const defaultNetworkConfig: NetworkConfig = Object.freeze({
  tls: undefined,
  behindProxy: false,
  trustedProxies: [],
  allowedHosts: [],
  allowedOrigins: [],
  maxConnections: 5_000,
  headersTimeoutMs: 15_000,
  requestTimeoutMs: 120_000,
  answerTimeoutMs: 300_000,
  idleTimeoutMs: 60_000,
  keepAliveTimeoutMs: 65_000,
  maxHeaderBytes: 16_384,
  maxHeaders: 64,
  maxRequestsPerConnection: 10_000,
});

const flag = z
  .enum(['true', 'false'])
  .default('false')
  .transform((text) => text === 'true');
const count = (preset: number) => z.coerce.number().int().min(1).default(preset);
const path = z.string().min(1).optional();
const list = (check: (entry: string) => boolean, message: string) =>
  z
    .string()
    .default('')
    .transform((text) => text.split(',').map((entry) => entry.trim()))
    .transform((entries) => entries.filter((entry) => entry !== ''))
    .refine((entries) => entries.every(check), message);

/** The variables of both profiles that NetworkConfig is read from. */
export const networkVariables = {
  /** The certificate with its chain, PEM; with TLS_KEY_FILE the process speaks TLS 1.3. */
  TLS_CERT_FILE: path,
  /** The private key of that certificate, PEM. */
  TLS_KEY_FILE: path,
  /** Authorities, PEM, whose client certificates may bind the tokens of partners (RFC 8705). */
  TLS_CLIENT_CA_FILE: path,
  /** Partners may show self-signed certificates: the token's binding decides (RFC 8705 §2.2). */
  TLS_CLIENT_SELF_SIGNED: flag,
  /** How often the certificate files are looked at; mounted secrets give no events. */
  TLS_POLL_MS: count(10_000),
  /** States that a proxy in front ends TLS; without it plain HTTP stays on this machine. */
  BEHIND_PROXY: flag,
  /** Whose X-Forwarded-For counts; others could write what they like. None: sources are unknown. */
  TRUSTED_PROXIES: list(isProxyRange, 'must be addresses or networks like 10.0.0.0/8, by comma'),
  /** Names of this deployment that requests may carry in Host; others are refused. */
  ALLOWED_HOSTS: list(isHostName, 'must be host names without scheme or port, by comma'),
  /** Web pages of these origins may call the process, the router's /graphql above all. */
  ALLOWED_ORIGINS: list(isOrigin, 'must be origins like https://name[:port], by comma, without *'),
  /** More connections than this are not taken; below the limit of open files. */
  MAX_CONNECTIONS: count(defaultNetworkConfig.maxConnections),
  /** A client that is slower with its headers or handshake is closed. */
  HEADERS_TIMEOUT_MS: count(defaultNetworkConfig.headersTimeoutMs),
  /** A client that is slower with its whole request is closed; a full batch over 2G fits. */
  REQUEST_TIMEOUT_MS: count(defaultNetworkConfig.requestTimeoutMs),
  /** A client that takes longer to read its answer is closed. */
  ANSWER_TIMEOUT_MS: count(defaultNetworkConfig.answerTimeoutMs),
  /** A connection on which nothing moves is closed; above the slowest document. */
  IDLE_TIMEOUT_MS: count(defaultNetworkConfig.idleTimeoutMs),
  /** How long an idle connection is kept; above that of a load balancer in front. */
  KEEP_ALIVE_TIMEOUT_MS: count(defaultNetworkConfig.keepAliveTimeoutMs),
};

const readVariables = z.object(networkVariables);

/**
 * Makes the configuration out of the variables, once they are parsed.
 *
 * @param names host names that are known otherwise, e.g. that of the deployment's public address
 * @throws Error when only one of certificate and key is named, or client certificates without both
 * @example const network = networkConfigOf(environment.parse(process.env));
 */
export function networkConfigOf(
  from: z.infer<typeof readVariables>,
  names: readonly string[] = [],
): NetworkConfig {
  return Object.freeze({
    ...defaultNetworkConfig,
    tls: tlsFilesOf(from),
    behindProxy: from.BEHIND_PROXY,
    trustedProxies: Object.freeze(from.TRUSTED_PROXIES),
    allowedHosts: Object.freeze(
      [...from.ALLOWED_HOSTS, ...names.filter(isOneName)].map((name) => name.toLowerCase()),
    ),
    allowedOrigins: Object.freeze(from.ALLOWED_ORIGINS),
    maxConnections: from.MAX_CONNECTIONS,
    headersTimeoutMs: Math.min(from.HEADERS_TIMEOUT_MS, from.REQUEST_TIMEOUT_MS),
    requestTimeoutMs: from.REQUEST_TIMEOUT_MS,
    answerTimeoutMs: from.ANSWER_TIMEOUT_MS,
    idleTimeoutMs: from.IDLE_TIMEOUT_MS,
    keepAliveTimeoutMs: from.KEEP_ALIVE_TIMEOUT_MS,
  });
}

function tlsFilesOf(from: z.infer<typeof readVariables>): TlsFiles | undefined {
  const { TLS_CERT_FILE: certFile, TLS_KEY_FILE: keyFile } = from;
  if (certFile !== undefined && keyFile !== undefined) {
    return Object.freeze({
      certFile,
      keyFile,
      clientCaFile: from.TLS_CLIENT_CA_FILE,
      selfSignedClients: from.TLS_CLIENT_SELF_SIGNED,
      pollMs: from.TLS_POLL_MS,
    });
  }
  const named = certFile ?? keyFile ?? from.TLS_CLIENT_CA_FILE;
  if (named === undefined && !from.TLS_CLIENT_SELF_SIGNED) return undefined;
  throw new Error('TLS needs both TLS_CERT_FILE and TLS_KEY_FILE.');
}

/** An address that means every address of the machine is nobody's name. */
function isOneName(name: string): boolean {
  return name !== '0.0.0.0' && isHostName(name);
}

function isHostName(entry: string): boolean {
  return /^([\w-]+\.)*[\w-]+$|^\[[0-9a-f:]+\]$/i.test(entry);
}

/** Threat: `*`, a path or `null` would let in pages that nobody meant. */
function isOrigin(entry: string): boolean {
  return URL.canParse(entry) && /^https?:/.test(entry) && new URL(entry).origin === entry;
}
