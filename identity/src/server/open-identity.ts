import { Redis } from 'ioredis';
import { createRedisRevocationFeed, createRevocationList } from '@caregraph/access';
import { createIdSource, systemClock } from '@caregraph/clock';
import { createPool, parseDatabaseUrl } from '@caregraph/database';
import { createLogger, type Logger } from '@caregraph/observability';
import type { IdentityConfig } from '../config.ts';
import { createIdentity, type Identity } from '../identity.ts';

export interface OpenIdentity {
  readonly identity: Identity;
  readonly log: Logger;
  close(): Promise<void>;
}

const askTimeoutMs = 5_000;

/** Identity of the full profile, over what the environment names. Nothing listens yet. */
export async function openIdentity(config: IdentityConfig): Promise<OpenIdentity> {
  const clock = systemClock;
  const log = createLogger({ service: 'identity', level: config.LOG_LEVEL });
  const pool = createPool(parseDatabaseUrl(config.DATABASE_URL), {
    maxConnections: config.DATABASE_MAX_CONNECTIONS,
    statementTimeoutMs: 10_000,
    transactionTimeoutMs: 10_000,
    applicationName: 'caregraph-identity',
    onIdleConnectionLost: (error) => log.warn('a connection to the store was lost', { error }),
  });
  const feed = openFeed(config, log);
  const identity = await createIdentity({
    ...{ pool, clock, log, ids: createIdSource(clock) },
    sealingKey: config.IDENTITY_SEALING_KEY,
    issuer: config.TOKEN_ISSUER,
    publicUrl: config.PUBLIC_URL,
    audience: config.TOKEN_AUDIENCE,
    ...(feed.tell && { tellRevocation: feed.tell }),
    ...(feed.redis && { redis: feed.redis }),
    askInstitution: (authorization, query, variables) =>
      ask(config.INSTITUTION_URL, authorization, { query, variables }),
  });
  feed.onConnected(() => {
    identity.tellRevocations().catch((error: unknown) => {
      log.error('revocations were not told again', { error });
    });
  });
  return {
    identity,
    log,
    async close() {
      await identity.stop();
      await feed.close();
      await pool.end();
    },
  };
}

const redisTimeoutMs = 500;

const noFeed = {
  redis: undefined,
  tell: undefined,
  onConnected: (_tell: () => void) => undefined,
  close: () => Promise.resolve(),
};

/**
 * Writing needs no reading of the stream: identity tells, others follow. A Redis that comes back
 * may have lost what it was told, and whoever starts then would never hear of it.
 */
function openFeed({ REDIS_URL }: IdentityConfig, log: Logger) {
  if (REDIS_URL === undefined) {
    log.warn('REDIS_URL is not set: nobody hears of revocations, tokens end by age alone');
    return noFeed;
  }
  const redis = new Redis(REDIS_URL, {
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    commandTimeout: redisTimeoutMs,
  });
  redis.on('error', (error: unknown) => log.warn('redis does not answer', { error }));
  const list = createRevocationList(systemClock);
  const feed = createRedisRevocationFeed({ redis, list, clock: systemClock, log });
  return {
    redis,
    tell: feed.publish,
    onConnected: (tell: () => void) => void redis.on('ready', tell),
    async close() {
      await feed.stop();
      redis.disconnect();
    },
  };
}

async function ask(url: string, authorization: string, body: object): Promise<unknown> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify(body),
    redirect: 'error',
    signal: AbortSignal.timeout(askTimeoutMs),
  });
  return answer.json();
}
