import ancVisitsFile from '../data/anc-visits.json' with { type: 'json' };
import postnatalVisitsFile from '../data/postnatal-visits.json' with { type: 'json' };
import { addDays, daysBetween } from './civil-date.ts';
import type { CivilDate } from './civil-date.ts';
import type { ContentFile, Titled } from './clinical-content.ts';

/** One planned visit of a schedule; days count from the last menstrual period, or from the birth. */
export interface PlannedVisit extends Titled {
  /** Stable id of the rule, shown with every task that it makes. */
  readonly rule: string;
  readonly number: number;
  readonly fromDays: number;
  readonly dueDays: number;
  readonly untilDays: number;
}

/** An antenatal contact with what is to be done at it, by code. */
export interface AncContact extends PlannedVisit {
  readonly actions: readonly string[];
}

export interface AncSchedule extends Titled {
  readonly code: string;
  /** ISO 3166-1 alpha-2, or * where no country owns it. */
  readonly country: string;
  readonly contacts: readonly AncContact[];
}

export interface PostnatalSchedule extends Titled {
  readonly code: string;
  readonly country: string;
  readonly visits: readonly PlannedVisit[];
}

// The JSON files are checked entry by entry in content.test.ts; their inferred types are wider.
export const ancSchedules: ContentFile<AncSchedule> = ancVisitsFile;
export const postnatalSchedules: ContentFile<PostnatalSchedule> = postnatalVisitsFile;

/** Days from the first day of the last menstrual period to the expected delivery. */
export const PREGNANCY_DAYS = 280;
const DAYS_PER_WEEK = 7;

/** Completed weeks and days since the last menstrual period. */
export interface GestationalAge {
  readonly weeks: number;
  readonly days: number;
  readonly totalDays: number;
  readonly trimester: 1 | 2 | 3;
}

/**
 * The gestational age on a day. Trimesters: before 14 weeks, before 28 weeks, after.
 *
 * @param lmp first day of the last menstrual period
 * @param on the day asked for, not before the LMP
 * @throws RangeError when the day is before the LMP, or either is not a civil date
 * @source WHO ICD-10 2019, volume 2 (gestational age); ACOG Committee Opinion 700 (dating)
 * @example gestationalAge('2024-01-01', '2024-03-25') // { weeks: 12, days: 0, … }
 */
export const gestationalAge = (lmp: CivilDate, on: CivilDate): GestationalAge => {
  const totalDays = daysBetween(lmp, on);
  if (totalDays < 0) throw new RangeError('The day is before the last menstrual period');
  const weeks = Math.floor(totalDays / DAYS_PER_WEEK);
  const trimester = weeks < 14 ? 1 : weeks < 28 ? 2 : 3;
  return { weeks, days: totalDays % DAYS_PER_WEEK, totalDays, trimester };
};

/**
 * The expected delivery date: 280 days after the last menstrual period.
 *
 * @param lmp first day of the last menstrual period
 * @throws RangeError when it is not a civil date
 * @source Naegele's rule, for a cycle of 28 days
 * @example expectedDeliveryDate('2024-01-01') // '2024-10-07'
 */
export const expectedDeliveryDate = (lmp: CivilDate): CivilDate => addDays(lmp, PREGNANCY_DAYS);

/** A planned visit with its dates. */
export interface DatedVisit<Visit extends PlannedVisit> {
  readonly visit: Visit;
  readonly rule: string;
  readonly from: CivilDate;
  readonly due: CivilDate;
  readonly until: CivilDate;
}

const dated = <Visit extends PlannedVisit>(start: CivilDate, visit: Visit): DatedVisit<Visit> => ({
  visit,
  rule: visit.rule,
  from: addDays(start, visit.fromDays),
  due: addDays(start, visit.dueDays),
  until: addDays(start, visit.untilDays),
});

const requireSchedule = <Schedule extends { readonly code: string }>(
  file: ContentFile<Schedule>,
  code: string,
): Schedule => {
  const schedule = file.entries.find((entry) => entry.code === code);
  if (schedule === undefined) throw new RangeError(`Unknown schedule ${code}`);
  return schedule;
};

/**
 * The antenatal contacts of a pregnancy with their windows.
 *
 * @param lmp first day of the last menstrual period
 * @param schedule code of `anc-visits.json`
 * @throws RangeError for an unknown schedule
 * @source WHO recommendations on antenatal care (2016), model of eight contacts
 * @example ancSchedule('2024-01-01', 'IN-ANC-4')[0]?.due // '2024-03-25', 12 weeks
 */
export const ancSchedule = (
  lmp: CivilDate,
  schedule = 'WHO-ANC-8',
): readonly DatedVisit<AncContact>[] =>
  requireSchedule(ancSchedules, schedule).contacts.map((contact) => dated(lmp, contact));

/**
 * The postnatal visits to mother and newborn with their windows.
 *
 * @param birthDate the day of birth
 * @param schedule code of `postnatal-visits.json`
 * @throws RangeError for an unknown schedule
 * @source WHO recommendations on postnatal care (2022)
 * @example postnatalSchedule('2024-01-01', 'IN-HBNC')[0]?.due // '2024-01-04'
 */
export const postnatalSchedule = (
  birthDate: CivilDate,
  schedule = 'WHO-PNC-4',
): readonly DatedVisit<PlannedVisit>[] =>
  requireSchedule(postnatalSchedules, schedule).visits.map((visit) => dated(birthDate, visit));
