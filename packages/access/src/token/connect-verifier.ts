import { Redis } from 'ioredis';
import type { Clock } from '@caregraph/clock';
import type { Logger } from '@caregraph/observability';
import { createLocalReplayGuard, createRedisReplayGuard } from '../dpop/replay-guard.ts';
import { createRedisRevocationFeed } from '../revocation/redis-revocation-feed.ts';
import {
  createRevocationList,
  type Revocation,
  type RevocationList,
} from '../revocation/revocation-list.ts';
import { readKeySet } from './key-set.ts';
import { createTokenVerifier, type TokenVerifier } from './verify-token.ts';

const commandTimeoutMs = 250;
const longestPauseMs = 1_000;

/**
 * Whether what was revoked elsewhere is known here: `behind`, the feed is away, so that tokens end
 * by age alone until it is back; `unfollowed`, there is no feed and they always do.
 */
export type RevocationState = 'current' | 'behind' | 'unfollowed';

export interface ConnectedVerifier {
  readonly verifier: TokenVerifier;
  readonly revocations: RevocationList;
  /** Revokes here and, where there is somebody to tell, everywhere. @throws when Redis is away */
  revoke(revocation: Revocation): Promise<void>;
  revocationState(): RevocationState;
  stop(): Promise<void>;
}

/**
 * The verifier of a process of its own: keys from the issuer, revocations by Redis.
 *
 * @param options.graphUrl where clients reach the router's graph; DPoP proofs name it
 * @param options.redisUrl left out, only the tokens' own age ends them
 * @param options.refuseReplay true at the router; one request makes many fetches at a subgraph
 * @throws when the key set cannot be read; a Redis that is away is waited for in the background
 */
export async function connectVerifier(options: {
  readonly issuer: string;
  readonly audience: string;
  readonly keysUrl: URL;
  readonly graphUrl: string;
  readonly redisUrl: string | undefined;
  readonly refuseReplay: boolean;
  readonly clock: Clock;
  readonly log: Logger;
}): Promise<ConnectedVerifier> {
  const { issuer, audience, graphUrl, redisUrl, refuseReplay, clock, log } = options;
  const revocations = createRevocationList(clock);
  const redis = redisUrl === undefined ? undefined : connectRedis(redisUrl, log);
  const feed = redis && createRedisRevocationFeed({ redis, list: revocations, clock, log });
  const replay = redis ? createRedisReplayGuard(redis, clock, log) : createLocalReplayGuard(clock);
  const verifier = createTokenVerifier({
    issuer,
    audience,
    keys: await readKeySet(options.keysUrl),
    clock,
    revocations,
    proofs: { url: graphUrl, clock, ...(refuseReplay ? { replay } : {}) },
  });
  if (feed === undefined) {
    log.warn('REDIS_URL is not set: revocations are not heard of, tokens end by age alone');
  }
  await feed?.start();
  return {
    verifier,
    revocations,
    async revoke(revocation) {
      await feed?.publish(revocation);
      revocations.add(revocation);
    },
    revocationState() {
      if (feed === undefined) return 'unfollowed';
      return feed.isCurrent() ? 'current' : 'behind';
    },
    async stop() {
      await feed?.stop();
      redis?.disconnect();
    },
  };
}

/** Commands fail at once while the connection is away: nobody's request waits for it. */
function connectRedis(url: string, log: Logger): Redis {
  const redis = new Redis(url, {
    commandTimeout: commandTimeoutMs,
    connectTimeout: commandTimeoutMs * 4,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    retryStrategy: (attempt) => Math.min(attempt * 100, longestPauseMs),
  });
  redis.on('error', (error: unknown) => log.warn('redis does not answer', { error }));
  return redis;
}
