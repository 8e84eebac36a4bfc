import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { RevocationState } from '@caregraph/access';
import type { Clock } from '@caregraph/clock';
import { Fault, faultCatalogue, isFault } from '@caregraph/fault';
import { addEventEndpoint } from '@caregraph/messaging';
import type { Logger, Metrics } from '@caregraph/observability';
import type { Subgraph } from '../subgraph.ts';

const maxBodyBytes = 4 * 1024 * 1024;
const headersTimeoutMs = 10_000;
const requestTimeoutMs = 30_000;

/**
 * Serves a subgraph over HTTP: `/graphql` for the router, `/events` for other subgraphs' outboxes,
 * `/healthz` and `/ready` for whoever runs it.
 */
export function createSubgraphHost(options: {
  subgraph: Subgraph;
  deliveryKey: Uint8Array;
  clock: Clock;
  log: Logger;
  /** Served at /metrics; not at all when left out. */
  metrics?: Metrics;
  /** Whether what was revoked elsewhere is known here; `current` when left out. */
  revocationState?: () => RevocationState;
}): FastifyInstance {
  const { subgraph, revocationState = () => 'current' } = options;
  const app = fastify({
    ...{ logger: false, bodyLimit: maxBodyBytes, forceCloseConnections: 'idle' },
    // The router and other subgraphs are near; what is slower than this hangs.
    ...{ requestTimeout: requestTimeoutMs, http: { headersTimeout: headersTimeoutMs } },
  });
  app.setErrorHandler((error, _request, reply) => answerFault(error, reply, options.log));
  // Fastify's own answer quotes the URL, which may hold anything.
  app.setNotFoundHandler((_request, reply) =>
    answerFault(new Fault('NOT_FOUND'), reply, options.log),
  );
  app.post('/graphql', (request, reply) => answerGraphQL(subgraph, request, reply));
  // A GET would carry variables, and so patients, in a URL that others log. The router posts.
  app.get('/graphql', (_request, reply) =>
    answerFault(new Fault('METHOD_NOT_ALLOWED'), reply.header('allow', 'POST'), options.log),
  );
  app.get('/healthz', async () => ({ status: 'ok' }));
  app.get('/ready', async (_request, reply) => {
    const ready = await subgraph.isReady();
    return reply.code(ready ? 200 : 503).send({
      status: ready ? 'ready' : 'store or keys unavailable',
      revocations: revocationState(),
      keys: subgraph.keyState(),
    });
  });
  addMetrics(app, options.metrics);
  addEventEndpoint(app, { ...options, consumer: subgraph.consumer });
  endConnectionsOnClose(app);
  return app;
}

function addMetrics(app: FastifyInstance, metrics: Metrics | undefined): void {
  if (metrics === undefined) return;
  app.get('/metrics', async (_request, reply) =>
    reply.type(metrics.contentType).send(await metrics.render()),
  );
}

/** A kept-alive connection whose request was under way would hold back the end of the process. */
function endConnectionsOnClose(app: FastifyInstance): void {
  let closing = false;
  app.addHook('preClose', async () => {
    closing = true;
  });
  app.addHook('onSend', async (_request, reply) => {
    if (closing) reply.header('connection', 'close');
  });
}

async function answerGraphQL(
  subgraph: Subgraph,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const answer = await subgraph.execute({
    method: 'POST',
    headers: singleHeaders(request),
    search: '',
    body: request.body,
  });
  reply.code(answer.status ?? 200);
  for (const [name, value] of answer.headers) reply.header(name, value);
  if (answer.body.kind === 'complete') return reply.send(answer.body.string);
  throw new Fault('BAD_REQUEST', { reason: 'incremental delivery is not offered' });
}

function singleHeaders(request: FastifyRequest): Record<string, string | undefined> {
  const entries = Object.entries(request.headers);
  return Object.fromEntries(
    entries.map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]),
  );
}

function answerFault(error: unknown, reply: FastifyReply, log: Logger): FastifyReply {
  const code = isFault(error) ? error.code : codeOfHttpError(error);
  if (code === 'INTERNAL') log.error('a request failed', { code, error });
  const { status, message } = faultCatalogue[code];
  return reply.code(status).send({ errors: [{ message, extensions: { code } }] });
}

function codeOfHttpError(error: unknown) {
  const status = error instanceof Error && 'statusCode' in error ? error.statusCode : 500;
  if (status === 413) return 'BODY_TOO_LARGE';
  if (status === 415) return 'UNSUPPORTED_MEDIA_TYPE';
  return typeof status === 'number' && status < 500 ? 'BAD_REQUEST' : 'INTERNAL';
}
