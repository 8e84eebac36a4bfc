import { addDays, daysBetween, laterDate } from './civil-date.ts';
import type { CivilDate } from './civil-date.ts';
import { allDoses, findVaccine } from './immunization-schedule.ts';
import type { ImmunizationSchedule, ScheduledDose } from './immunization-schedule.ts';

/** A dose that was given. */
export interface GivenDose {
  readonly vaccine: string;
  readonly date: CivilDate;
  /** The dose of the schedule it was recorded as, where that is known. */
  readonly rule?: string;
}

/** Why a given dose does not count, or a planned one may not be given. */
export type DoseProblemCode =
  | 'BEFORE_BIRTH'
  | 'BELOW_MINIMUM_AGE'
  | 'ABOVE_MAXIMUM_AGE'
  | 'BELOW_MINIMUM_INTERVAL'
  | 'LIVE_VACCINE_INTERVAL'
  | 'PREVIOUS_DOSE_MISSING'
  | 'ALREADY_GIVEN'
  | 'NOT_IN_SCHEDULE'
  | 'WRONG_VACCINE'
  | 'IN_THE_FUTURE';

export interface DoseProblem {
  readonly code: DoseProblemCode;
  readonly rule?: string;
  /** The first day on which this problem is gone. */
  readonly earliest?: CivilDate;
}

/** A given dose that counts, and the scheduled dose it counts as. */
export interface CountedDose {
  readonly dose: ScheduledDose;
  readonly given: GivenDose;
}

export interface ImmunizationHistory {
  readonly counted: ReadonlyMap<string, CountedDose>;
  readonly uncounted: readonly { readonly given: GivenDose; readonly problem: DoseProblem }[];
}

export const dateGiven = (
  counted: ReadonlyMap<string, CountedDose>,
  rules: readonly string[],
): CivilDate | undefined => {
  const dates = rules.flatMap((rule) => counted.get(rule)?.given.date ?? []);
  return dates.length === 0 ? undefined : dates.reduce(laterDate);
};

/** The first day on which age and interval allow a dose; undefined while its previous is missing. */
export const earliestDate = (
  dose: ScheduledDose,
  birthDate: CivilDate,
  previousDate: CivilDate | undefined,
): CivilDate | undefined => {
  const byAge = addDays(birthDate, dose.earliestAgeDays);
  if (dose.after === undefined) return byAge;
  if (previousDate === undefined) return undefined;
  return laterDate(byAge, addDays(previousDate, dose.minIntervalDays ?? 0));
};

/**
 * What keeps a dose from counting on a day. A late dose is no problem here: it protects, and the
 * schedule's latest age only says when a dose is no longer offered.
 */
export const doseProblem = (
  dose: ScheduledDose,
  birthDate: CivilDate,
  date: CivilDate,
  counted: ReadonlyMap<string, CountedDose>,
): DoseProblem | undefined => {
  const { rule } = dose;
  if (daysBetween(birthDate, date) < 0) return { code: 'BEFORE_BIRTH', rule, earliest: birthDate };
  const youngest = addDays(birthDate, dose.earliestAgeDays);
  if (date < youngest) return { code: 'BELOW_MINIMUM_AGE', rule, earliest: youngest };
  if (dose.after === undefined) return undefined;
  const earliest = earliestDate(dose, birthDate, dateGiven(counted, dose.after));
  if (earliest === undefined) return { code: 'PREVIOUS_DOSE_MISSING', rule };
  return date < earliest ? { code: 'BELOW_MINIMUM_INTERVAL', rule, earliest } : undefined;
};

const fits = (dose: ScheduledDose, birthDate: CivilDate, date: CivilDate): boolean =>
  daysBetween(birthDate, date) <= dose.latestAgeDays;

/** The scheduled dose that a given one counts as: a labelled one its label, else the next that fits. */
const candidate = (
  open: readonly ScheduledDose[],
  given: GivenDose,
  birthDate: CivilDate,
  counted: ReadonlyMap<string, CountedDose>,
): ScheduledDose | undefined => {
  const labelled = open.find((dose) => dose.rule === given.rule);
  // A "second dose" without a first on record is the first one known.
  const orphan =
    labelled !== undefined &&
    doseProblem(labelled, birthDate, given.date, counted)?.code === 'PREVIOUS_DOSE_MISSING';
  if (labelled !== undefined && !orphan) return labelled;
  const countable = open.filter(
    (dose) => doseProblem(dose, birthDate, given.date, counted) === undefined,
  );
  const inTime = countable.find((dose) => fits(dose, birthDate, given.date));
  return (
    inTime ?? countable[0] ?? open.find((dose) => fits(dose, birthDate, given.date)) ?? open[0]
  );
};

/** A catch-up dose of a series that was begun in time has no place. */
const isNeedlessCatchUp = (
  dose: ScheduledDose,
  schedule: ImmunizationSchedule,
  counted: ReadonlyMap<string, CountedDose>,
): boolean => {
  const rule = schedule.catchUp.find(({ doses }) => doses.includes(dose));
  const begun = [...counted.values()].some(
    ({ dose: { series } }) => series === rule?.insteadOfSeries,
  );
  return rule !== undefined && begun;
};

/**
 * Which scheduled doses the given ones count as, in order of date. A dose below the minimum age or
 * interval does not count and has to be repeated.
 *
 * @param birthDate civil date of birth
 * @param given doses in any order
 * @param schedule the schedule they are held against
 * @source WHO summary table 2 and footnotes (minimum ages and intervals)
 */
export const readHistory = (
  birthDate: CivilDate,
  given: readonly GivenDose[],
  schedule: ImmunizationSchedule,
): ImmunizationHistory => {
  const doses = allDoses(schedule);
  const counted = new Map<string, CountedDose>();
  const uncounted: { given: GivenDose; problem: DoseProblem }[] = [];
  const inOrder = [...given].sort((left, right) =>
    left.date < right.date ? -1 : left.date > right.date ? 1 : 0,
  );
  for (const one of inOrder) {
    const ofVaccine = doses.filter((dose) => dose.vaccine === one.vaccine);
    const open = ofVaccine.filter(
      (dose) => !counted.has(dose.rule) && !isNeedlessCatchUp(dose, schedule, counted),
    );
    const dose = candidate(open, one, birthDate, counted);
    if (dose === undefined) {
      const code = ofVaccine.length === 0 ? 'NOT_IN_SCHEDULE' : 'ALREADY_GIVEN';
      uncounted.push({ given: one, problem: { code } });
      continue;
    }
    const problem = doseProblem(dose, birthDate, one.date, counted);
    if (problem === undefined) counted.set(dose.rule, { dose, given: one });
    else uncounted.push({ given: one, problem });
  }
  return { counted, uncounted };
};

/**
 * The first day on which an injected live vaccine keeps its distance from the others. Doses of the
 * same vaccine count too when they were too early to be valid.
 */
export const afterLiveVaccines = (
  vaccine: string,
  given: readonly GivenDose[],
  schedule: ImmunizationSchedule,
  on: CivilDate,
): CivilDate => {
  if (findVaccine(vaccine)?.liveInjected !== true) return on;
  return given
    .filter((dose) => findVaccine(dose.vaccine)?.liveInjected === true && dose.date < on)
    .map((dose) => addDays(dose.date, schedule.liveIntervalDays))
    .reduce(laterDate, on);
};
