import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Clock } from '@caregraph/clock';
import { Fault } from '@caregraph/fault';
import {
  eventEnvelope,
  verifyDelivery,
  type EventConsumer,
  type EventEnvelope,
} from '@caregraph/messaging';

const eventType = 'application/cloudevents-batch+json';
const batch = z.array(eventEnvelope).max(1_000);

/** Takes in what the institution subgraph tells: signed deliveries, and nothing else. */
export function addEventEndpoint(
  app: FastifyInstance,
  options: { consumer: EventConsumer; deliveryKey: Uint8Array; clock: Clock },
): void {
  const { consumer, deliveryKey, clock } = options;
  app.addContentTypeParser(eventType, { parseAs: 'string' }, (_request, body, done) =>
    done(null, body),
  );
  app.post('/events', async (request, reply) => {
    const body = typeof request.body === 'string' ? request.body : '';
    const signature = request.headers['x-delivery'];
    const single = typeof signature === 'string' ? signature : undefined;
    verifyDelivery(body, single, deliveryKey, clock);
    await consumer.receive(parseEvents(body));
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
