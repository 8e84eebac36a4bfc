import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { LiveProvider } from './live-provider.ts';

/**
 * Serves the provider below a prefix of a Fastify server. The provider reads requests itself, so
 * no body parser of the server may touch them.
 */
export async function mountProvider(
  app: FastifyInstance,
  prefix: string,
  provider: LiveProvider,
  issuer: string,
): Promise<void> {
  await app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, _body, done) => done(null));
    scope.route({
      method: ['GET', 'POST', 'OPTIONS'],
      url: `${prefix}/*`,
      handler: (request, reply) => hand(request, reply, prefix, provider, issuer),
    });
  });
}

async function hand(
  request: FastifyRequest,
  reply: FastifyReply,
  prefix: string,
  provider: LiveProvider,
  issuer: string,
): Promise<void> {
  const refusal = isCanonical(request.raw.url ?? '', prefix) ? refusalOf(request) : 404;
  if (refusal !== undefined) {
    await reply.code(refusal).send({ error: 'invalid_request' });
    return;
  }
  reply.hijack();
  const { raw } = request;
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value !== undefined) reply.raw.setHeader(name, value);
  }
  describeOutside(raw, issuer);
  // The name under which Express and its kin say what was asked before a prefix was taken off.
  Object.assign(raw, { originalUrl: raw.url });
  raw.url = raw.url?.slice(prefix.length) ?? '/';
  if (raw.url.startsWith('/jwks')) publishKeys(reply.raw);
  await provider.current().callback()(raw, reply.raw);
}

const canonicalPath = /^(?:(?:\/[a-z.][a-z._-]*)+|\/(?:auth|device)\/[\w-]{10,64})$/;

/**
 * Threat: the provider answers `/DEVICE`, `/device/` and `/device#x` as `/device`, and whatever
 * looks at addresses before it (limits of tries, caches, a proxy's rules) takes them for another
 * page. Defence: each page has one address. The id of a sign-in alone may have capitals.
 */
function isCanonical(url: string, prefix: string): boolean {
  const [path = ''] = url.split('?');
  return path.startsWith(`${prefix}/`) && canonicalPath.test(path.slice(prefix.length));
}

/** Larger than any form of the provider, smaller than what it would read itself. */
const maxBodyBytes = 32_768;

/** What the provider can only stumble over: bodies that are too large or no forms. */
function refusalOf({ method, headers }: FastifyRequest): 413 | 415 | undefined {
  if (method !== 'POST') return undefined;
  if (Number(headers['content-length'] ?? 0) > maxBodyBytes) return 413;
  const type = headers['content-type'];
  const isForm = type === undefined || /^application\/x-www-form-urlencoded\s*(;|$)/i.test(type);
  return isForm ? undefined : 415;
}

/**
 * Threat: a client writes Host or X-Forwarded-* itself and so decides where redirects and the
 * addresses of the discovery document point, or whether cookies are secure. Defence: only what the issuer's address says is passed on.
 */
export function describeOutside(raw: IncomingMessage, issuer: string): void {
  for (const name of ['x-forwarded-for', 'x-forwarded-host', 'forwarded']) {
    raw.headers[name] = undefined;
  }
  const { host, protocol } = new URL(issuer);
  raw.headers.host = host;
  if (raw.httpVersionMajor >= 2) {
    // What HTTP/2 has in the place of Host.
    raw.headers[':authority'] = host;
    // The provider takes a request without either header for one without a body (RFC 9112 §6);
    // under HTTP/2 bodies need neither (RFC 9113 §8.1.1).
    if (raw.method === 'POST' && raw.headers['content-length'] === undefined) {
      raw.headers['transfer-encoding'] = 'chunked';
    }
  }
  raw.headers['x-forwarded-proto'] = protocol.slice(0, -1);
}

/** Keys are published 20 min ahead of their use: half of that may be served from a cache. */
function publishKeys(response: ServerResponse): void {
  response.setHeader('cache-control', 'public, max-age=600');
}
