import { Redis } from 'ioredis';
import type { Clock } from '@caregraph/clock';
import type { Logger } from '@caregraph/observability';
import { createMemorySlots } from './memory-slots.ts';
import { createRedisSlots } from './redis-slots.ts';
import type { Slots } from './slots.ts';

/** Where calls are counted: for all routers together, or in this process alone. */
export type SlotPlace = 'redis' | 'local';

export interface GuardedSlots extends Slots {
  place(): SlotPlace;
  close(): void;
}

/** How often a Redis that is away is asked whether it is back. */
const probeMs = 250;

/** Counts in this process only: the embedded profile. */
export function createLocalSlots(clock: Clock): GuardedSlots {
  return { take: createMemorySlots(clock).take, place: () => 'local', close: () => {} };
}

/**
 * Counts in Redis, and in this process while Redis does not answer in time.
 *
 * Threat: a store of counters must not become what stops the care of patients. The first request
 * that meets a dead or slow Redis waits `timeoutMs`; those after it do not ask Redis at all, until
 * a probe beside the requests finds it well again.
 *
 * @param options.url redis: or rediss:
 * @param options.timeoutMs for a command
 * @returns after Redis answered, or after twice the timeout
 */
export async function createGuardedSlots(options: {
  readonly url: string;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly log: Logger;
}): Promise<GuardedSlots> {
  const redis = connect(options);
  const shared = createRedisSlots(redis);
  const local = createMemorySlots(options.clock);
  const watch = watchRedis(redis, options.log);
  await firstAnswer(redis, options.timeoutMs * 2);
  await watch.probe();

  return {
    async take(holder, requestId, touched) {
      if (watch.place() === 'local') return local.take(holder, requestId, touched);
      try {
        const taking = await shared.take(holder, requestId, touched);
        if (taking.taken) local.note(holder, touched);
        return taking;
      } catch (error) {
        watch.away(error);
        return local.take(holder, requestId, touched);
      }
    },
    place: watch.place,
    close: watch.close,
  };
}

/** Knows whether Redis can be asked, and finds out beside the requests when it can again. */
function watchRedis(redis: Redis, log: Logger) {
  let place: SlotPlace = 'local';
  let probing = false;
  let closed = false;

  function away(error: unknown): void {
    if (closed || place === 'local') return;
    place = 'local';
    log.warn('redis is away; limits are counted in this process', { error });
    // An answer that comes too late must not be taken for that of a later question, and whoever
    // waits on this connection need not wait longer.
    redis.disconnect(true);
  }
  async function probe(): Promise<void> {
    if (closed || probing || place === 'redis' || redis.status !== 'ready') return;
    probing = true;
    try {
      await redis.ping();
      place = 'redis';
      log.info('limits are counted in redis');
    } catch (error) {
      log.debug('redis is still away', { error });
      if (!closed) redis.disconnect(true);
    } finally {
      probing = false;
    }
  }
  redis.on('ready', () => void probe());
  redis.on('close', () => away(new Error('The connection was closed.')));
  // Without a listener the client would write to the console; each failed command tells as well.
  redis.on('error', away);
  const timer = setInterval(() => void probe(), probeMs);
  timer.unref();
  return {
    place: () => place,
    away,
    probe,
    close() {
      closed = true;
      clearInterval(timer);
      redis.disconnect();
    },
  };
}

function connect({ url, timeoutMs }: { readonly url: string; readonly timeoutMs: number }): Redis {
  return new Redis(url, {
    commandTimeout: timeoutMs,
    connectTimeout: 2_000,
    // A connection that takes commands and gives no answer is dropped and made anew.
    socketTimeout: 2_000,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    // A command that was under way when the connection broke may have been counted: not again.
    autoResendUnfulfilledCommands: false,
    retryStrategy: (attempt) => Math.min(attempt * 50, 500),
  });
}

/** A router that starts with Redis there must not count its first requests apart from the others. */
function firstAnswer(redis: Redis, longestMs: number): Promise<void> {
  if (redis.status === 'ready') return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, longestMs);
    redis.once('ready', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
