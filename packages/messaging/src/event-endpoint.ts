import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Clock } from '@caregraph/clock';
import { Fault } from '@caregraph/fault';
import { verifyDelivery } from './delivery-signature.ts';
import { eventEnvelope, type EventEnvelope } from './event.ts';
import type { EventConsumer } from './transport.ts';

const eventType = 'application/cloudevents-batch+json';
const batch = z.array(eventEnvelope).max(1_000);

/**
 * Serves `/events`: signed deliveries of other processes, and nothing else.
 *
 * @param app answers what is thrown: EVENT_REFUSED, or the fault of the signature
 * @example addEventEndpoint(app, { consumer, deliveryKey, clock });
 */
export function addEventEndpoint(
  app: FastifyInstance,
  options: {
    readonly consumer: EventConsumer;
    readonly deliveryKey: Uint8Array;
    readonly clock: Clock;
  },
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
