import { createIdSource, fixedClock } from '@caregraph/clock';
import type { CivilDate } from '@caregraph/guideline';
import type { Random } from './random.ts';

/** Minutes after midnight UTC in which a district works; in Asia/Kolkata 08:30 to 16:30. */
export const workingMinutes = { from: 180, registrationUntil: 420, until: 660 } as const;

/**
 * An instant on a civil day.
 *
 * @param minute minutes after midnight UTC; working minutes are the same day in Asia/Kolkata
 * @example instantOn('2026-01-31', 185) // '2026-01-31T03:05:00.000Z'
 */
export function instantOn(day: CivilDate, minute: number): string {
  const clockTime = [Math.floor(minute / 60), minute % 60]
    .map((part) => String(part).padStart(2, '0'))
    .join(':');
  return `${day}T${clockTime}:00.000Z`;
}

/** The civil day of an instant that lies in the working minutes. */
export function dayOf(instant: string): CivilDate {
  return instant.slice(0, 10);
}

/**
 * A UUIDv7 of an event: its time and seeded random bits.
 *
 * @param at RFC 3339 UTC instant
 * @example idAt('2026-01-31T03:05:00.000Z', random)
 */
export function idAt(at: string, random: Random): string {
  return createIdSource(fixedClock(new Date(at)), (bytes) => random.fill(bytes)).next();
}
