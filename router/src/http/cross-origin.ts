import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { answerError } from './error-answer.ts';
import type { NetworkConfig } from './network-config.ts';

const graphqlPath = '/graphql';
const readingMethods = new Set(['GET', 'HEAD', 'OPTIONS']);

const allowedHeaders = [
  'accept',
  'apollo-require-preflight',
  'authorization',
  'content-type',
  'dpop',
  'x-apollo-operation-name',
  'x-break-glass',
  'x-purpose',
].join(', ');
const exposedHeaders = [
  'dpop-nonce',
  'ratelimit',
  'ratelimit-policy',
  'retry-after',
  'www-authenticate',
  'x-request-id',
].join(', ');
const preflightSeconds = '600';

/**
 * Lets web pages of the named origins call /graphql, and nothing else; no other page changes
 * anything here. Cookies never travel (no Access-Control-Allow-Credentials): a token is shown
 * outright. An own 60 lines instead of a plugin, because the decision whether a page may write is
 * taken from the same list for every route, and a route of its own answers the preflight.
 */
export function installCrossOrigin(app: FastifyInstance, { allowedOrigins }: NetworkConfig): void {
  const origins = new Set(allowedOrigins);
  app.addHook('onRequest', async (request, reply) => {
    const { origin } = request.headers;
    if (request.routeOptions.url === graphqlPath) {
      reply.header('vary', 'Origin');
      if (origin !== undefined && origins.has(origin)) {
        reply.header('access-control-allow-origin', origin);
        reply.header('access-control-expose-headers', exposedHeaders);
      }
    }
    return readingMethods.has(request.method) || mayWrite(request, origins)
      ? undefined
      : answerError(request, reply, { code: 'FORBIDDEN', reason: 'ORIGIN_REFUSED' });
  });
  // The browser asks without a token, so no step that wants one comes before the answer.
  app.options(graphqlPath, (request, reply) => answerPreflight(request, reply, origins));
}

function answerPreflight(
  request: FastifyRequest,
  reply: FastifyReply,
  origins: ReadonlySet<string>,
) {
  reply.header('vary', 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers');
  const { origin } = request.headers;
  if (origin === undefined || !origins.has(origin)) {
    return answerError(request, reply, { code: 'FORBIDDEN', reason: 'ORIGIN_REFUSED' });
  }
  return reply
    .code(204)
    .header('access-control-allow-methods', 'GET, POST')
    .header('access-control-allow-headers', allowedHeaders)
    .header('access-control-max-age', preflightSeconds)
    .send();
}

/**
 * Threat: a page elsewhere makes the browser of a signed-in person send what changes something.
 * Browsers say where a request comes from; programs that are no browsers say nothing.
 */
function mayWrite({ headers, host }: FastifyRequest, origins: ReadonlySet<string>): boolean {
  const { origin, 'sec-fetch-site': site } = headers;
  if (origin !== undefined && origins.has(origin)) return true;
  if (site !== undefined) return site === 'same-origin' || site === 'none';
  // Browsers from before Sec-Fetch-Site. The scheme is a proxy's matter, and Host is one of ours.
  return origin === undefined || (URL.canParse(origin) && new URL(origin).host === host);
}
