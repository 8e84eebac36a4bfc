import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { NetworkConfig } from '@caregraph/network';
import { answerError } from './error-answer.ts';

const graphqlPath = '/graphql';

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
 * Lets web pages of the named origins call /graphql, and nothing else. Cookies never travel (no
 * Access-Control-Allow-Credentials): a token is shown outright. No plugin, because a route of its
 * own answers the preflight, and the same list decides in the package which pages may write.
 */
export function installCrossOrigin(app: FastifyInstance, { allowedOrigins }: NetworkConfig): void {
  const origins = new Set(allowedOrigins);
  app.addHook('onRequest', async (request, reply) => {
    if (request.routeOptions.url !== graphqlPath) return;
    const { origin } = request.headers;
    reply.header('vary', 'Origin');
    if (origin === undefined || !origins.has(origin)) return;
    reply.header('access-control-allow-origin', origin);
    reply.header('access-control-expose-headers', exposedHeaders);
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
