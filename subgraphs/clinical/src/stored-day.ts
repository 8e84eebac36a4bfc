import type { CivilDate } from '@caregraph/guideline';

/** A civil date as the client of the store takes it: that day at midnight UTC. */
export function storedDay(day: CivilDate): Date {
  return new Date(`${day}T00:00:00.000Z`);
}

/** The civil date of a date column. */
export function civilDay(stored: Date): CivilDate {
  return stored.toISOString().slice(0, 10);
}
