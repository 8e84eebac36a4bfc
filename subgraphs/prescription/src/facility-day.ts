import { civilDateIn, type CivilDate } from '@caregraph/guideline';

/** The zone of the facilities, until this store learns each facility's own. */
const facilityTimeZone = 'Asia/Kolkata';

/** The civil date that an instant has where the facility is: "today" for validity and expiry. */
export function facilityDay(instant: Date): CivilDate {
  return civilDateIn(instant, facilityTimeZone);
}

/** A civil date as the database driver takes and gives it: midnight in UTC. */
export function toStoredDay(day: CivilDate): Date {
  return new Date(`${day}T00:00:00Z`);
}

/** A stored civil date as YYYY-MM-DD. */
export function toCivilDay(stored: Date): CivilDate {
  return stored.toISOString().slice(0, 10);
}
