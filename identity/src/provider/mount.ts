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
  // What HTTP/2 has in the place of Host.
  if (raw.httpVersionMajor >= 2) raw.headers[':authority'] = host;
  raw.headers['x-forwarded-proto'] = protocol.slice(0, -1);
}

/** Keys are published 20 min ahead of their use: half of that may be served from a cache. */
function publishKeys(response: ServerResponse): void {
  response.setHeader('cache-control', 'public, max-age=600');
}
