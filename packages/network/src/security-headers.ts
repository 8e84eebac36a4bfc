import type { IncomingMessage, ServerResponse } from 'node:http';

/** Threat: whatever is smuggled into an answer must not run, be framed or be read elsewhere. */
const onEveryAnswer: readonly (readonly [string, string])[] = [
  ['content-security-policy', "default-src 'none'; frame-ancestors 'none'"],
  ['cross-origin-opener-policy', 'same-origin'],
  ['cross-origin-resource-policy', 'same-origin'],
  ['permissions-policy', 'camera=(), geolocation=(), microphone=(), payment=(), usb=()'],
  // Addresses may name what is looked at; they must not reach another site.
  ['referrer-policy', 'no-referrer'],
  ['x-content-type-options', 'nosniff'],
  ['x-frame-options', 'DENY'],
];

/** Threat: the first request by plain HTTP can be read and turned elsewhere. RFC 6797, one year. */
const overTls = ['strict-transport-security', 'max-age=31536000; includeSubDomains'] as const;

/**
 * The headers that every answer carries, whoever writes it.
 *
 * @param secure whether this process itself speaks TLS; a proxy in front sets its own otherwise
 */
export function securityHeaders(secure: boolean): readonly (readonly [string, string])[] {
  return secure ? [...onEveryAnswer, overTls] : onEveryAnswer;
}

/**
 * Sets them before anything else sees the request, so that also answers of the framework and of
 * mounted applications carry them. A handler with reasons of its own replaces single ones.
 */
export function withSecurityHeaders(
  handle: (request: IncomingMessage, response: ServerResponse) => void,
  secure: boolean,
) {
  const headers = securityHeaders(secure);
  return (request: IncomingMessage, response: ServerResponse): void => {
    for (const [name, value] of headers) response.setHeader(name, value);
    handle(request, response);
  };
}
