import { addDays, daysBetween } from './civil-date.ts';
import type { CivilDate } from './civil-date.ts';
import { afterLiveVaccines, doseProblem, readHistory } from './immunization-history.ts';
import type { DoseProblem, GivenDose } from './immunization-history.ts';
import { allDoses, immunizationSchedule } from './immunization-schedule.ts';

/** A dose somebody is about to give or to record. */
export interface DoseToValidate {
  readonly birthDate: CivilDate;
  /** Everything given before. */
  readonly given: readonly GivenDose[];
  /** Schedule code; the default of the data file when left out. */
  readonly schedule?: string;
  /** The rule of the dose, such as IN-UIP-PENTA-2. */
  readonly rule: string;
  readonly vaccine: string;
  readonly date: CivilDate;
  readonly today: CivilDate;
}

export interface DoseVerdict {
  readonly valid: boolean;
  /** Every problem found, not only the first. */
  readonly problems: readonly DoseProblem[];
}

/**
 * Whether one dose may be given on a day.
 *
 * Codes: NOT_IN_SCHEDULE, WRONG_VACCINE, BEFORE_BIRTH, IN_THE_FUTURE, BELOW_MINIMUM_AGE,
 * ABOVE_MAXIMUM_AGE, PREVIOUS_DOSE_MISSING, BELOW_MINIMUM_INTERVAL, LIVE_VACCINE_INTERVAL,
 * ALREADY_GIVEN. A problem that time cures carries the `earliest` day.
 *
 * @throws RangeError for an unknown schedule or a date that is none
 * @source the schedule's own sources, see `immunization-schedule.json`
 * @example validateDose({ birthDate: '2024-01-01', given: [], rule: 'IN-UIP-OPV-1', vaccine: 'OPV',
 *   date: '2024-02-01', today: '2024-02-01' }).problems[0]?.code // 'BELOW_MINIMUM_AGE'
 */
export const validateDose = (input: DoseToValidate): DoseVerdict => {
  const { birthDate, date, rule } = input;
  const schedule = immunizationSchedule(input.schedule);
  const dose = allDoses(schedule).find((one) => one.rule === rule);
  if (dose === undefined) return { valid: false, problems: [{ code: 'NOT_IN_SCHEDULE', rule }] };
  const earlier = input.given.filter((one) => one.date <= date);
  const { counted } = readHistory(birthDate, earlier, schedule);
  const problems: DoseProblem[] = [];
  if (dose.vaccine !== input.vaccine) problems.push({ code: 'WRONG_VACCINE', rule });
  if (date > input.today) problems.push({ code: 'IN_THE_FUTURE', rule, earliest: date });
  if (counted.has(rule)) problems.push({ code: 'ALREADY_GIVEN', rule });
  const problem = doseProblem(dose, birthDate, date, counted);
  if (problem !== undefined) problems.push(problem);
  if (daysBetween(addDays(birthDate, dose.latestAgeDays), date) > 0) {
    problems.push({ code: 'ABOVE_MAXIMUM_AGE', rule });
  }
  const apart = afterLiveVaccines(dose.vaccine, earlier, schedule, date);
  if (apart > date && problem?.code !== 'BELOW_MINIMUM_INTERVAL') {
    problems.push({ code: 'LIVE_VACCINE_INTERVAL', rule, earliest: apart });
  }
  return { valid: problems.length === 0, problems };
};
