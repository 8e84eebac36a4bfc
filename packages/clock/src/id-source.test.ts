import { expect, test } from 'vitest';
import { createIdSource, fixedClock, isUuidV7 } from './index.ts';

test('ids are UUIDv7 and strictly increasing, also within one millisecond', () => {
  const clock = fixedClock(new Date('2026-01-01T00:00:00Z'));
  const ids = createIdSource(clock);
  const made = Array.from({ length: 20_000 }, () => ids.next());
  expect(made.every(isUuidV7)).toBe(true);
  expect([...made].sort()).toEqual(made);
  expect(new Set(made).size).toBe(made.length);
});

test('a clock that goes back does not make an older id', () => {
  const clock = fixedClock(new Date('2026-01-01T00:00:00Z'));
  const ids = createIdSource(clock);
  const first = ids.next();
  clock.advance(-60_000);
  expect(ids.next() > first).toBe(true);
});

test.each([
  '',
  '0190',
  '01900000-0000-4000-8000-000000000000',
  '01900000-0000-7000-C000-000000000000',
])('refuses %s', (text) => {
  expect(isUuidV7(text)).toBe(false);
});
