import fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import { z } from 'zod';
import type { Clock } from '@caregraph/clock';
import { Fault, faultCatalogue, isFault } from '@caregraph/fault';
import { eventEnvelope, verifyDelivery, type EventEnvelope } from '@caregraph/messaging';
import type { Logger } from '@caregraph/observability';
import type { Identity } from '../identity.ts';

const maxBodyBytes = 4 * 1024 * 1024;
const eventType = 'application/cloudevents-batch+json';
const batch = z.array(eventEnvelope).max(1_000);

/** Serves identity as a process of its own: the provider, `/events`, `/healthz` and `/ready`. */
export async function createIdentityHost(options: {
  identity: Identity;
  /** The path of the issuer, e.g. `/identity`, or nothing. */
  prefix: string;
  deliveryKey: Uint8Array;
  clock: Clock;
  log: Logger;
}): Promise<FastifyInstance> {
  const { identity, prefix, log } = options;
  const app = fastify({ logger: false, bodyLimit: maxBodyBytes, forceCloseConnections: true });
  app.setErrorHandler((error, _request, reply) => answerFault(error, reply, log));
  app.setNotFoundHandler((_request, reply) => answerFault(new Fault('NOT_FOUND'), reply, log));
  app.get('/healthz', async () => ({ status: 'ok' }));
  app.get('/ready', async (_request, reply) => {
    const ready = await identity.isReady();
    return reply.code(ready ? 200 : 503).send({ status: ready ? 'ready' : 'store unavailable' });
  });
  addEventEndpoint(app, options);
  await identity.install(app, prefix);
  return app;
}

function addEventEndpoint(
  app: FastifyInstance,
  options: { identity: Identity; deliveryKey: Uint8Array; clock: Clock },
): void {
  const { identity, deliveryKey, clock } = options;
  app.addContentTypeParser(eventType, { parseAs: 'string' }, (_request, body, done) =>
    done(null, body),
  );
  app.post('/events', async (request, reply) => {
    const body = typeof request.body === 'string' ? request.body : '';
    const signature = request.headers['x-delivery'];
    const single = typeof signature === 'string' ? signature : undefined;
    verifyDelivery(body, single, deliveryKey, clock);
    await identity.consumer.receive(parseEvents(body));
    return reply.code(204).send();
  });
}

function parseEvents(body: string): EventEnvelope[] {
  try {
    return batch.parse(JSON.parse(body));
  } catch (error) {
    throw new Fault('EVENT_REFUSED', {}, error);
  }
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
