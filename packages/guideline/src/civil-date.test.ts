import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bmi, muacCategory } from './anthropometry.ts';
import {
  addDays,
  addMonths,
  ageOn,
  civilDateIn,
  dateOfDayNumber,
  dayNumber,
  daysBetween,
  isCivilDate,
} from './civil-date.ts';
import {
  ancSchedule,
  expectedDeliveryDate,
  gestationalAge,
  postnatalSchedule,
} from './pregnancy.ts';

const someDay = fc.integer({ min: -700_000, max: 2_800_000 });

describe('civil dates', () => {
  it('round trip, and agree with the calendar of the platform', () => {
    fc.assert(
      fc.property(someDay, (day) => {
        const date = dateOfDayNumber(day);
        expect(isCivilDate(date)).toBe(true);
        expect(dayNumber(date)).toBe(day);
        expect(date).toBe(new Date(day * 86_400_000).toISOString().slice(0, 10));
      }),
    );
  });

  it('add and subtract', () => {
    fc.assert(
      fc.property(someDay, fc.integer({ min: -9000, max: 9000 }), (day, days) => {
        const date = dateOfDayNumber(day);
        expect(addDays(addDays(date, days), -days)).toBe(date);
        expect(daysBetween(date, addDays(date, days))).toBe(days);
      }),
    );
    expect(addDays('2024-02-28', 2)).toBe('2024-03-01');
    expect(addMonths('2024-01-31', 1)).toBe('2024-02-29');
    expect(addDays('2000-02-28', 1)).toBe('2000-02-29');
    expect(addMonths('1900-01-31', 1)).toBe('1900-02-28');
    expect(addMonths('2024-03-15', -3)).toBe('2023-12-15');
  });

  it.each([
    '2023-02-29',
    '1900-02-29',
    '2100-02-29',
    '2024-13-01',
    '2024-00-10',
    '2024-1-1',
    '2024-01-01T00:00',
    '0000-01-01',
    '',
    '２０２４-01-01',
  ])('refuse %s', (text) => {
    expect(isCivilDate(text)).toBe(false);
    expect(() => dayNumber(text)).toThrow(RangeError);
  });

  it('refuse to leave the calendar', () => {
    expect(() => addDays('9999-12-31', 1)).toThrow(RangeError);
    expect(() => addDays('2024-01-01', 0.5)).toThrow(RangeError);
    expect(() => addMonths('0001-01-01', -1)).toThrow(RangeError);
  });

  it('know the day of an instant in a zone', () => {
    const instant = new Date('2024-03-01T20:00:00Z');
    expect(civilDateIn(instant, 'Asia/Kolkata')).toBe('2024-03-02');
    expect(civilDateIn(instant, 'UTC')).toBe('2024-03-01');
    expect(civilDateIn(new Date('2024-03-10T07:30:00Z'), 'America/Los_Angeles')).toBe('2024-03-09');
  });

  it('give an age that adds up', () => {
    expect(ageOn('2020-05-20', '2024-05-19')).toMatchObject({ years: 3, months: 11, days: 29 });
    expect(ageOn('2024-02-29', '2025-02-28')).toMatchObject({ years: 1, months: 0, days: 0 });
    expect(() => ageOn('2024-01-02', '2024-01-01')).toThrow(RangeError);
    fc.assert(
      fc.property(someDay, fc.integer({ min: 0, max: 40_000 }), (day, days) => {
        const birth = dateOfDayNumber(day);
        const age = ageOn(birth, addDays(birth, days));
        expect(age.totalDays).toBe(days);
        expect(addDays(addMonths(birth, age.totalMonths), age.days)).toBe(addDays(birth, days));
        expect(age.days).toBeLessThan(31);
        expect(age.days).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});

describe('pregnancy dates', () => {
  it('follow Naegele and completed weeks', () => {
    expect(expectedDeliveryDate('2024-01-01')).toBe('2024-10-07');
    expect(gestationalAge('2024-01-01', '2024-03-25')).toEqual({
      weeks: 12,
      days: 0,
      totalDays: 84,
      trimester: 1,
    });
    expect(gestationalAge('2024-01-01', '2024-04-08').trimester).toBe(2);
    expect(gestationalAge('2024-01-01', '2024-07-15').trimester).toBe(3);
    expect(() => gestationalAge('2024-01-02', '2024-01-01')).toThrow(RangeError);
  });

  it('plan the contacts of each schedule', () => {
    expect(ancSchedule('2024-01-01').map(({ due }) => daysBetween('2024-01-01', due) / 7)).toEqual([
      12, 20, 26, 30, 34, 36, 38, 40,
    ]);
    expect(ancSchedule('2024-01-01', 'IN-ANC-4')).toHaveLength(4);
    expect(
      postnatalSchedule('2024-01-01', 'IN-HBNC').map(({ due }) => daysBetween('2024-01-01', due)),
    ).toEqual([3, 7, 14, 21, 28, 42]);
    expect(() => ancSchedule('2024-01-01', 'NONE')).toThrow(RangeError);
  });
});

describe('anthropometry', () => {
  it('has categories with the limits on the right side', () => {
    expect(bmi(60, 165)).toBe(22);
    expect(() => bmi(0, 165)).toThrow(RangeError);
    expect(muacCategory(114, 400)).toBe('SEVERE_ACUTE_MALNUTRITION');
    expect(muacCategory(115, 400)).toBe('MODERATE_ACUTE_MALNUTRITION');
    expect(muacCategory(125, 400)).toBe('NORMAL');
    expect(muacCategory(114, 100)).toBeUndefined();
    expect(muacCategory(114, 3000)).toBeUndefined();
  });
});
