import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { AnswerError } from './error-answer.ts';
import type { NetworkConfig } from './network-config.ts';

const readingMethods = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Lets no web page change anything here but our own and those of the named origins.
 *
 * Threat: a page elsewhere makes the browser of a signed-in person send what changes something.
 * Browsers say where a request comes from; programs that are no browsers say nothing.
 */
export function installPageGuard(
  app: FastifyInstance,
  { allowedOrigins }: NetworkConfig,
  answerError: AnswerError,
): void {
  const origins = new Set(allowedOrigins);
  app.addHook('onRequest', async (request, reply) =>
    readingMethods.has(request.method) || mayWrite(request, origins)
      ? undefined
      : answerError(request, reply, { code: 'FORBIDDEN', reason: 'ORIGIN_REFUSED' }),
  );
}

function mayWrite({ headers, host }: FastifyRequest, origins: ReadonlySet<string>): boolean {
  const { origin, 'sec-fetch-site': site } = headers;
  if (origin !== undefined && origins.has(origin)) return true;
  if (site !== undefined) return site === 'same-origin' || site === 'none';
  // Browsers from before Sec-Fetch-Site. The scheme is a proxy's matter, and Host is one of ours.
  return origin === undefined || (URL.canParse(origin) && new URL(origin).host === host);
}
