import type { EventEnvelope } from './event.ts';

/** Whoever takes in events. `receive` resolves when they are durable on its side. */
export interface EventConsumer {
  readonly name: string;
  receive(events: readonly EventEnvelope[]): Promise<void>;
}

/** The way from an outbox to its consumers. `publish` resolves when all of them have accepted. */
export interface EventTransport {
  publish(events: readonly EventEnvelope[]): Promise<void>;
}

/**
 * Hands events to consumers in the same process. A consumer that fails makes `publish` fail after
 * the others have had theirs; the relay then offers the batch again and inboxes drop repetitions.
 *
 * @param consumers asked at each publish, so that consumers may be added while starting
 */
export function createInProcessTransport(
  consumers: () => readonly EventConsumer[],
): EventTransport {
  return {
    async publish(events) {
      await settleAll(consumers().map((consumer) => consumer.receive(events)));
    },
  };
}

/** Waits for all, then fails with the first failure. */
export async function settleAll(deliveries: readonly Promise<void>[]): Promise<void> {
  const settled = await Promise.allSettled(deliveries);
  const failed = settled.find((one) => one.status === 'rejected');
  if (failed) throw failed.reason;
}
