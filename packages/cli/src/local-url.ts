import type { EmbeddedConfig } from './config.ts';

/** Listening on every address of a machine, these are none that can be asked. */
const everyAddress: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

/**
 * The GraphQL endpoint of the embedded deployment on this machine, as `npm start` serves it under
 * the same environment. With TLS it is asked by the name that its certificate is for.
 *
 * @example localGraphqlUrl(readEmbeddedConfig()) // http://127.0.0.1:4000/graphql
 */
export function localGraphqlUrl({
  HOST,
  PORT,
  PUBLIC_URL,
  TLS_CERT_FILE,
}: Pick<EmbeddedConfig, 'HOST' | 'PORT' | 'PUBLIC_URL' | 'TLS_CERT_FILE'>): string {
  const hasTls = TLS_CERT_FILE !== undefined;
  if (hasTls && PUBLIC_URL !== undefined) return `${PUBLIC_URL}/graphql`;
  const host = everyAddress[HOST] ?? HOST;
  const name = host.includes(':') ? `[${host}]` : host;
  return `http${hasTls ? 's' : ''}://${name}:${PORT}/graphql`;
}
