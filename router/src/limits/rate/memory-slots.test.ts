import { expect, test } from 'vitest';
import { fixedClock } from '@caregraph/clock';
import { createMemorySlots } from './memory-slots.ts';
import { createRateLimiter } from './rate-limiter.ts';
import { rateHeaders } from './rate-headers.ts';

const policy = (max: number, windowS = 60, name = 'Query.one') => ({
  name,
  max,
  windowMs: windowS * 1_000,
});

function limiter() {
  const clock = fixedClock(new Date('2026-01-01T00:00:00Z'));
  const judge = createRateLimiter(createMemorySlots(clock));
  const ask = async (max: number, count = 1, holder = 'app/1') =>
    (await judge(holder, 'r', [{ policy: policy(max), count }])).kind;
  return { clock, judge, ask };
}

test('of 50 calls at once, 3 pass', async () => {
  const { ask } = limiter();
  const kinds = await Promise.all(Array.from({ length: 50 }, () => ask(3)));
  expect(kinds.filter((kind) => kind === 'allowed')).toHaveLength(3);
});

test('a call leaves its window exactly when the window is over', async () => {
  const { clock, ask } = limiter();
  await ask(2);
  clock.advance(30_000);
  await ask(2);
  clock.advance(29_999);
  expect(await ask(2)).toBe('limited');
  clock.advance(1);
  expect(await ask(2)).toBe('allowed');
  expect(await ask(2)).toBe('limited');
});

test('refused calls do not prolong the wait', async () => {
  const { clock, ask } = limiter();
  await ask(1);
  for (let i = 0; i < 59; i += 1) {
    clock.advance(1_000);
    expect(await ask(1)).toBe('limited');
  }
  clock.advance(1_000);
  expect(await ask(1)).toBe('allowed');
});

test('each client and user has a count of their own', async () => {
  const { ask } = limiter();
  expect(await ask(1, 1, 'app/1')).toBe('allowed');
  expect(await ask(1, 1, 'app/2')).toBe('allowed');
  expect(await ask(1, 1, 'explorer/1')).toBe('allowed');
  expect(await ask(1, 1, 'app/1')).toBe('limited');
});

test('aliases count each, all or none', async () => {
  const { ask } = limiter();
  expect(await ask(5, 6)).toBe('limited');
  expect(await ask(5, 3)).toBe('allowed');
  expect(await ask(5, 3)).toBe('limited');
  expect(await ask(5, 2)).toBe('allowed');
});

test('a request that one policy refuses takes no slot of another', async () => {
  const { judge } = limiter();
  const narrow = { policy: policy(1, 60, 'Query.narrow'), count: 1 };
  const wide = { policy: policy(2, 60, 'requests'), count: 1 };
  await judge('app/1', 'r1', [narrow, wide]);
  expect((await judge('app/1', 'r2', [narrow, wide])).kind).toBe('limited');
  expect((await judge('app/1', 'r3', [wide])).kind).toBe('allowed');
});

test('the headers speak of the tightest policy', async () => {
  const { clock, judge } = limiter();
  const touched = [
    { policy: policy(100, 60, 'requests'), count: 1 },
    { policy: policy(3, 10, 'Query.one'), count: 2 },
  ];
  const first = await judge('app/1', 'r1', touched);
  expect(rateHeaders(first.states, true)).toEqual([
    ['ratelimit-policy', '"Query.one";q=3;w=10'],
    ['ratelimit', '"Query.one";r=1;t=10'],
  ]);
  clock.advance(2_500);
  const second = await judge('app/1', 'r2', touched);
  expect(second.kind).toBe('limited');
  expect(rateHeaders(second.states, false)).toEqual([
    ['ratelimit-policy', '"Query.one";q=3;w=10'],
    ['ratelimit', '"Query.one";r=1;t=8'],
    ['retry-after', '8'],
  ]);
  clock.advance(7_500);
  expect((await judge('app/1', 'r3', touched)).kind).toBe('allowed');
});
