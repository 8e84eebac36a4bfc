import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { Clock } from '@caregraph/clock';
import type { Logger } from '@caregraph/observability';
import {
  revocationKeptS,
  revocationKinds,
  type Revocation,
  type RevocationRegister,
} from './revocation-list.ts';

const stream = 'caregraph:revocations';
/** How long one read waits for news; a connection that is silent for longer is not current. */
const blockMs = 1_000;
const staleAfterMs = 3_000;
const retryMs = 200;
const pageSize = 1_000;

const entry = z.object({
  kind: z.enum(revocationKinds),
  id: z.string().min(1),
  revokedAt: z.coerce.number().int(),
});

const pause = () => new Promise((resolve) => setTimeout(resolve, retryMs));

/** Carries revocations between processes. */
export interface RevocationFeed {
  /** Reads what was revoked lately, then follows. Resolves when Redis was asked once. */
  start(): Promise<void>;
  /** Tells every process. @throws when Redis did not take it */
  publish(revocation: Revocation): Promise<void>;
  /** Whether news was heard of within the last seconds: what readiness says. */
  isCurrent(): boolean;
  stop(): Promise<void>;
}

interface FeedOptions {
  /** A connection; the feed makes its own copy of it for waiting. */
  readonly redis: Redis;
  readonly list: RevocationRegister;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Follows revocations over a Redis stream. A stream and not a channel: a process that lost its
 * connection goes on after the last entry it read, so no revocation is missed.
 *
 * While Redis is away the list stays as it was; tokens die of age within ten minutes, and
 * `isCurrent` lets readiness say so.
 */
export function createRedisRevocationFeed(options: FeedOptions): RevocationFeed {
  const { redis, clock } = options;
  const { readOn, close, heardAt } = createStreamReader(options);
  let stopping = false;
  let following: Promise<void> | undefined;

  /** @returns whether Redis answered; a process starts without it and says that it is behind */
  async function readLately(): Promise<boolean> {
    try {
      while ((await readOn(false)) === pageSize);
      return true;
    } catch (error) {
      options.log.warn('revocations cannot be followed yet', { error });
      return false;
    }
  }

  async function follow(reached: boolean): Promise<void> {
    if (!reached) await pause();
    while (!stopping) {
      try {
        await readOn(true);
      } catch (error) {
        if (stopping) return;
        options.log.warn('revocations cannot be followed', { error });
        await pause();
      }
    }
  }

  return {
    async start() {
      following = follow(await readLately());
    },
    async publish({ kind, id, revokedAt }) {
      const oldest = clock.now().getTime() - revocationKeptS * 1_000;
      const fields = ['kind', kind, 'id', id, 'revokedAt', String(revokedAt)];
      await redis.xadd(stream, 'MINID', '~', String(oldest), '*', ...fields);
    },
    isCurrent: () => clock.now().getTime() - heardAt() <= staleAfterMs,
    async stop() {
      stopping = true;
      close();
      await following;
    },
  };
}

/** Reads the stream from where it was read last, on a connection of its own. */
function createStreamReader({ redis, list, clock, log }: FeedOptions) {
  const reader = redis.duplicate({
    maxRetriesPerRequest: 1,
    commandTimeout: blockMs * 3,
    enableOfflineQueue: true,
  });
  // Every failed read is told where it is awaited.
  reader.on('error', () => undefined);
  let after = `${clock.now().getTime() - revocationKeptS * 1_000}-0`;
  let heardAt = -Infinity;

  function takeIn(fields: readonly string[]): void {
    const pairs = fields.flatMap((name, at) => (at % 2 === 0 ? [[name, fields[at + 1]]] : []));
    const parsed = entry.safeParse(Object.fromEntries(pairs));
    if (parsed.success) list.add(parsed.data);
    else log.error('a revocation was not understood');
  }

  return {
    /** @returns how many entries came; @throws when Redis does not answer */
    async readOn(block: boolean): Promise<number> {
      const read = block
        ? await reader.xread('COUNT', pageSize, 'BLOCK', blockMs, 'STREAMS', stream, after)
        : await reader.xread('COUNT', pageSize, 'STREAMS', stream, after);
      heardAt = clock.now().getTime();
      const entries = read?.[0]?.[1] ?? [];
      for (const [id, fields] of entries) {
        takeIn(fields);
        after = id;
      }
      return entries.length;
    },
    heardAt: () => heardAt,
    close: () => reader.disconnect(),
  };
}
