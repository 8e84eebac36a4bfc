import type { Clock } from '@caregraph/clock';
import { signDelivery } from './delivery-signature.ts';
import { settleAll, type EventTransport } from './transport.ts';

const timeoutMs = 10_000;

/**
 * Posts batches of events to the `/events` endpoint of each subscriber, signed with the delivery
 * key, until a message broker takes its place.
 *
 * @param options.subscriberUrls where to post, e.g. `http://audit:4105/events`
 * @param options.key at least 32 bytes, shared by the subgraphs of one deployment
 */
export function createHttpTransport(options: {
  subscriberUrls: readonly string[];
  key: Uint8Array;
  clock: Clock;
}): EventTransport {
  return {
    async publish(events) {
      const body = JSON.stringify(events);
      const signature = signDelivery(body, options.key, options.clock);
      await settleAll(options.subscriberUrls.map((url) => deliver(url, body, signature)));
    },
  };
}

async function deliver(url: string, body: string, signature: string): Promise<void> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/cloudevents-batch+json', 'x-delivery': signature },
    body,
    redirect: 'error',
    signal: AbortSignal.timeout(timeoutMs),
  });
  await response.body?.cancel();
  if (!response.ok) throw new Error(`a subscriber answered ${response.status}`);
}
