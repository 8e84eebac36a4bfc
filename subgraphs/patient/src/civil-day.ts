import { civilDateIn, type CivilDate } from '@caregraph/guideline';

/** The zone of the facilities, until each facility brings its own. */
const defaultTimeZone = 'Asia/Kolkata';

/** A civil date as the database driver takes and gives it: midnight in UTC. */
export function toStoredDay(day: CivilDate): Date {
  return new Date(`${day}T00:00:00Z`);
}

/** A stored civil date as YYYY-MM-DD. */
export function toCivilDay(stored: Date): CivilDate {
  return stored.toISOString().slice(0, 10);
}

/** The civil date where the facility is. */
export function todayAt(instant: Date, timeZone: string = defaultTimeZone): CivilDate {
  return civilDateIn(instant, timeZone);
}
