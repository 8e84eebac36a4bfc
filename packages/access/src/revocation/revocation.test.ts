import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createIdSource, fixedClock, systemClock } from '@caregraph/clock';
import { createLogger } from '@caregraph/observability';
import { serviceUrl } from '@caregraph/testbed';
import type { Actor } from '../actor.ts';
import { createRedisRevocationFeed } from './redis-revocation-feed.ts';
import { createRevocationList, revocationKinds, type Revocation } from './revocation-list.ts';

const clock = fixedClock(new Date('2026-03-01T08:00:00Z'));
const nowS = clock.now().getTime() / 1_000;
const ids = createIdSource(systemClock);

const actorAt = (issuedAt: number): Actor => ({
  id: 'staff',
  clientId: 'app',
  tokenId: 'one',
  roles: ['health_worker'],
  permissions: new Set(),
  institutionId: ids.next(),
  areaRoots: [],
  deviceId: 'phone',
  purposes: ['treatment'],
  issuedAt,
  expiresAt: issuedAt + 600,
  sessionId: 'session',
  documents: 'free',
  confirmation: undefined,
});
const idOf = { token: 'one', session: 'session', subject: 'staff', device: 'phone', client: 'app' };

test.each(revocationKinds)('what a %s revocation names is void, and nothing else', (kind) => {
  const list = createRevocationList(clock);
  list.add({ kind, id: 'another', revokedAt: nowS });
  for (const other of revocationKinds.filter((one) => one !== kind)) {
    list.add({ kind: other, id: `${idOf[kind]} of another kind`, revokedAt: nowS });
  }
  expect(list.isRevoked(actorAt(nowS - 60))).toBe(false);
  list.add({ kind, id: idOf[kind], revokedAt: nowS });
  expect(list.isRevoked(actorAt(nowS - 60))).toBe(true);
  expect(list.isRevoked(actorAt(nowS))).toBe(true);
  // Signed in again afterwards.
  expect(list.isRevoked(actorAt(nowS + 1))).toBe(false);
});

test('an earlier revocation does not undo a later one, and old ones leave', () => {
  const list = createRevocationList(clock);
  list.add({ kind: 'subject', id: 'staff', revokedAt: nowS });
  list.add({ kind: 'subject', id: 'staff', revokedAt: nowS - 500 });
  expect(list.isRevoked(actorAt(nowS - 60))).toBe(true);
  for (let at = 0; at < 2_000; at += 1) {
    list.add({ kind: 'token', id: `old ${at}`, revokedAt: nowS - 100_000 });
  }
  expect(list.isRevoked(actorAt(nowS - 60))).toBe(true);
});

/** Connections are cut here by this name; other tests have theirs at the same server. */
const connectionName = `revocation-${ids.next()}`;
let redis: Redis;
const log = createLogger({ service: 'test', level: 'silent' });
beforeAll(async () => {
  redis = new Redis(await serviceUrl('redis'), { connectionName });
}, 600_000);
afterAll(() => redis.disconnect());

async function follower() {
  const list = createRevocationList(systemClock);
  const feed = createRedisRevocationFeed({ redis, list, clock: systemClock, log });
  await feed.start();
  return { list, feed };
}

const revocation = (): Revocation => ({
  kind: 'subject',
  id: ids.next(),
  revokedAt: Math.floor(Date.now() / 1_000),
});
const voids = (list: ReturnType<typeof createRevocationList>, { id, revokedAt }: Revocation) =>
  list.isRevoked({ ...actorAt(revokedAt - 10), id });

test('a revocation reaches processes that run and those that start later', async () => {
  const [one, other] = [await follower(), await follower()];
  const gone = revocation();
  await one.feed.publish(gone);
  await vi.waitFor(() => {
    expect(voids(one.list, gone)).toBe(true);
    expect(voids(other.list, gone)).toBe(true);
  }, 10_000);
  const late = await follower();
  expect(voids(late.list, gone)).toBe(true);
  expect(late.feed.isCurrent()).toBe(true);
  await Promise.all([one, other, late].map(({ feed }) => feed.stop()));
});

test('what was revoked while the connection was cut is heard afterwards', async () => {
  const { list, feed } = await follower();
  const gone = revocation();
  const own = String(await redis.client('ID'));
  const clients = ((await redis.client('LIST')) as string).split('\n');
  const mine = clients.filter((line) => line.includes(`name=${connectionName} `));
  const others = mine.map((line) => /^id=(\d+)/.exec(line)?.[1]).filter((id) => id !== own);
  expect(others.length).toBeGreaterThan(0);
  for (const id of others) if (id !== undefined) await redis.client('KILL', 'ID', id);
  await feed.publish(gone);
  await vi.waitFor(() => expect(voids(list, gone)).toBe(true), { timeout: 10_000 });
  await feed.stop();
});

test('a process starts without Redis, says that it is behind, and catches up', async () => {
  const away = new Redis({
    port: 1,
    host: '127.0.0.1',
    lazyConnect: true,
    maxRetriesPerRequest: 0,
  });
  away.on('error', () => undefined);
  const list = createRevocationList(systemClock);
  const feed = createRedisRevocationFeed({ redis: away, list, clock: systemClock, log });
  await feed.start();
  expect(feed.isCurrent()).toBe(false);
  await expect(feed.publish(revocation())).rejects.toThrow();
  await feed.stop();
  away.disconnect();
});
