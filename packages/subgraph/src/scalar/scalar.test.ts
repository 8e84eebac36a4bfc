import { expect, test } from 'vitest';
import { civilDateScalar } from './civil-date.ts';
import { dateTimeScalar } from './date-time.ts';
import { uuidScalar } from './uuid.ts';

test.each([
  ['2026-03-01T08:00:00Z', '2026-03-01T08:00:00.000Z'],
  ['2026-03-01T08:00:00.123456+05:30', '2026-03-01T02:30:00.123Z'],
])('the instant %s is read as %s', (text, iso) => {
  expect(dateTimeScalar.parseValue(text)).toBe(iso);
});

test.each([
  '2026-02-31T00:00:00Z',
  '0000-01-01T00:00:00Z',
  '2026-03-01',
  '2026-03-01T24:00:00Z',
  'now',
  17,
  null,
  '2026-03-01T08:00:00',
])('the instant %s is refused', (value) => {
  expect(() => dateTimeScalar.parseValue(value)).toThrow('RFC 3339');
});

test.each(['2026-02-29', '0000-01-01', '2026-13-01', '26-01-01', '2026-1-1', 20260101, undefined])(
  'the day %s is refused',
  (value) => {
    expect(() => civilDateScalar.parseValue(value)).toThrow('existing day');
  },
);

test('a leap day is a day', () => {
  expect(civilDateScalar.parseValue('2024-02-29')).toBe('2024-02-29');
  expect(civilDateScalar.serialize(new Date('2024-02-29T00:00:00Z'))).toBe('2024-02-29');
});

test.each([
  '',
  'x',
  '01900000-0000-4000-8000-000000000000',
  '01900000-0000-7000-8000-00000000000A',
])('the id %s is refused and not quoted', (value) => {
  expect(() => uuidScalar.parseValue(value)).toThrow(/^UUID must be a UUIDv7 in lower case.$/);
});
