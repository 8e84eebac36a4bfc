import type { Redis } from 'ioredis';
import type { Clock } from '@caregraph/clock';
import { Fault } from '@caregraph/fault';
import type { Logger } from '@caregraph/observability';

/** Tells a proof that was used before from one that was not. */
export interface ReplayGuard {
  /**
   * @param id names the proof, e.g. the key's thumbprint and the proof's `jti`
   * @param untilS seconds since the epoch until which it must be remembered
   * @returns true once for each id
   */
  isFirstUse(id: string, untilS: number): Promise<boolean>;
}

const maxRemembered = 200_000;

/** Remembers in this process: the embedded profile, and what is left when Redis is away. */
export function createLocalReplayGuard(clock: Clock): ReplayGuard {
  const used = new Map<string, number>();
  return {
    async isFirstUse(id, untilS) {
      const nowS = clock.now().getTime() / 1_000;
      if (used.size >= maxRemembered) forgetExpired(used, nowS);
      // Forgetting a live one would let it be replayed; better to ask the client to come again.
      if (used.size >= maxRemembered) throw new Fault('RATE_LIMITED');
      const known = used.get(id);
      if (known !== undefined && known > nowS) return false;
      used.set(id, untilS);
      return true;
    },
  };
}

function forgetExpired(used: Map<string, number>, nowS: number): void {
  for (const [id, untilS] of used) if (untilS <= nowS) used.delete(id);
}

/**
 * Remembers for all routers together. When Redis does not answer, each router remembers for
 * itself: a proof could then be used once at each of them, within its minute.
 *
 * @param redis with a short command timeout and no offline queue
 */
export function createRedisReplayGuard(redis: Redis, clock: Clock, log: Logger): ReplayGuard {
  const local = createLocalReplayGuard(clock);
  return {
    async isFirstUse(id, untilS) {
      if (!(await local.isFirstUse(id, untilS))) return false;
      const seconds = Math.max(1, Math.ceil(untilS - clock.now().getTime() / 1_000));
      try {
        return (await redis.set(`caregraph:proof:${id}`, '1', 'EX', seconds, 'NX')) === 'OK';
      } catch (error) {
        log.warn('proofs are remembered by this router alone', { error });
        return true;
      }
    },
  };
}
