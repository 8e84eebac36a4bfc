import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fixedClock } from '@caregraph/clock';
import { startRedis, type Service } from '@caregraph/testbed';
import { createMemorySlots } from './memory-slots.ts';
import { createRateLimiter } from './rate-limiter.ts';
import { createRedisSlots } from './redis-slots.ts';

let service: Service;
let connections: Redis[] = [];
beforeAll(async () => {
  service = await startRedis();
}, 120_000);
afterAll(async () => {
  for (const connection of connections) connection.disconnect();
  connections = [];
  await service.stop();
});

function connect(): Redis {
  const redis = new Redis(service.url);
  connections.push(redis);
  return redis;
}

let holders = 0;
const newHolder = () => `app/${process.pid}-${(holders += 1)}`;
const one = (max: number, windowMs = 60_000, count = 1) => [
  { policy: { name: 'Query.one', max, windowMs }, count },
];
let requests = 0;
const requestId = () => `r${(requests += 1)}`;

test('of 50 calls at once over two connections, 3 pass', async () => {
  const judges = [connect(), connect()].map((redis) => createRateLimiter(createRedisSlots(redis)));
  const holder = newHolder();
  const verdicts = await Promise.all(
    Array.from({ length: 50 }, async (_, i) => judges[i % 2]?.(holder, requestId(), one(3))),
  );
  expect(verdicts.filter((verdict) => verdict?.kind === 'allowed')).toHaveLength(3);
});

test('the script is sent again after Redis forgot it', async () => {
  const redis = connect();
  const slots = createRedisSlots(redis);
  const holder = newHolder();
  expect((await slots.take(holder, requestId(), one(1))).taken).toBe(true);
  await redis.script('FLUSH');
  expect((await slots.take(holder, requestId(), one(1))).taken).toBe(false);
});

test('it says the same as the counters in memory, policy by policy', async () => {
  const redis = createRedisSlots(connect());
  const memory = createMemorySlots(fixedClock(new Date()));
  const holder = newHolder();
  const hour = 3_600_000;
  const requestsPolicy = { policy: { name: 'requests', max: 7, windowMs: hour }, count: 1 };
  for (const count of [2, 1, 3, 9, 1, 1, 1, 2]) {
    const touched = [...one(5, hour, count), requestsPolicy];
    const [there, here] = await Promise.all([
      redis.take(holder, requestId(), touched),
      memory.take(holder, requestId(), touched),
    ]);
    expect(there.taken).toBe(here.taken);
    expect(there.states.map(({ used }) => used)).toEqual(here.states.map(({ used }) => used));
    // Redis has a clock of its own; within this test it hardly moves beside an hour.
    for (const { resetMs } of there.states) {
      expect(resetMs).toBeGreaterThan(hour - 60_000);
      expect(resetMs).toBeLessThanOrEqual(hour);
    }
  }
});

test('a slot comes back when its call leaves the window, and keys end by themselves', async () => {
  const redis = connect();
  const slots = createRedisSlots(redis);
  const holder = newHolder();
  expect((await slots.take(holder, requestId(), one(1, 300))).taken).toBe(true);
  expect((await slots.take(holder, requestId(), one(1, 300))).taken).toBe(false);
  await expect
    .poll(async () => (await slots.take(holder, requestId(), one(1, 300))).taken, {
      timeout: 10_000,
      interval: 20,
    })
    .toBe(true);
  await expect
    .poll(() => redis.keys(`caregraph:rate:{${encodeURIComponent(holder)}}*`), { timeout: 10_000 })
    .toEqual([]);
});

/** A process that waits, and tells how many of its calls passed once it is let go. */
async function startTaker(holder: string, calls: number, max: number) {
  const program = join(import.meta.dirname, 'test-taker.ts');
  const child = spawn(process.execPath, [program, service.url, holder, `${calls}`, `${max}`], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  expect((await lines.next()).value).toBe('ready');
  return async () => {
    const ended = once(child, 'exit');
    child.stdin.write('go\n');
    const passed = Number((await lines.next()).value);
    await ended;
    return passed;
  };
}

test('of 50 calls at once from two processes, 3 pass', async () => {
  const holder = newHolder();
  const takers = await Promise.all([startTaker(holder, 25, 3), startTaker(holder, 25, 3)]);
  const passed = await Promise.all(takers.map((go) => go()));
  expect(passed.reduce((sum, one) => sum + one, 0)).toBe(3);
});
