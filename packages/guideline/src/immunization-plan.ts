import { addDays, daysBetween, laterDate } from './civil-date.ts';
import type { CivilDate } from './civil-date.ts';
import { afterLiveVaccines, dateGiven, earliestDate, readHistory } from './immunization-history.ts';
import type { CountedDose, GivenDose, ImmunizationHistory } from './immunization-history.ts';
import { immunizationSchedule } from './immunization-schedule.ts';
import type { ImmunizationSchedule, ScheduledDose } from './immunization-schedule.ts';

/**
 * DONE given and counted; DUE may be given today; OVERDUE should have been given; TOO_EARLY age or
 * interval forbid it yet; EXPIRED the schedule no longer offers it.
 */
export type DoseState = 'DONE' | 'DUE' | 'OVERDUE' | 'TOO_EARLY' | 'EXPIRED';

export interface PlannedDose {
  /** Id of the rule in the schedule's data that made this line. */
  readonly rule: string;
  readonly vaccine: string;
  readonly series: string;
  readonly doseNumber: number;
  readonly state: DoseState;
  /** First day on which age and intervals allow it; a forecast while the dose before is missing. */
  readonly earliest: CivilDate;
  readonly due: CivilDate;
  /** First day on which it is overdue. */
  readonly overdueFrom: CivilDate;
  readonly latest: CivilDate;
  readonly given?: CivilDate;
}

export interface ImmunizationPlan {
  readonly schedule: string;
  readonly doses: readonly PlannedDose[];
  /** Given doses that do not count, each with the reason. */
  readonly uncounted: ImmunizationHistory['uncounted'];
}

/** What narrows a schedule to a child: doses for endemic areas or one sex are left out otherwise. */
export interface PlanOptions {
  readonly sex?: 'FEMALE' | 'MALE' | 'OTHER' | 'UNKNOWN';
  /** Codes of `onlyWhere`, such as JE_ENDEMIC. */
  readonly areaTags?: readonly string[];
}

/** The doses that apply: a catch-up rule adds its own when the series was not begun in time. */
const applicableDoses = (
  schedule: ImmunizationSchedule,
  history: ImmunizationHistory,
  ageDays: number,
  options: PlanOptions,
): readonly ScheduledDose[] => {
  const counted = [...history.counted.values()];
  const caughtUp = schedule.catchUp.filter(
    (rule) =>
      rule.doses.some((dose) => history.counted.has(dose.rule)) ||
      (ageDays >= rule.fromAgeDays &&
        !counted.some(({ dose }) => dose.series === rule.insteadOfSeries)),
  );
  return [...schedule.doses, ...caughtUp.flatMap((rule) => rule.doses)].filter(
    (dose) =>
      history.counted.has(dose.rule) ||
      ((dose.onlyWhere === undefined || options.areaTags?.includes(dose.onlyWhere) === true) &&
        (dose.onlySex === undefined || dose.onlySex === options.sex)),
  );
};

interface Planning {
  readonly birthDate: CivilDate;
  readonly today: CivilDate;
  readonly schedule: ImmunizationSchedule;
  readonly given: readonly GivenDose[];
  readonly history: ImmunizationHistory;
  /** The line of another dose of this plan, worked out when first asked for. */
  readonly lineOf: (rule: string) => PlannedDose | undefined;
}

const identity = (
  dose: ScheduledDose,
): Pick<PlannedDose, 'rule' | 'vaccine' | 'series' | 'doseNumber'> => ({
  rule: dose.rule,
  vaccine: dose.vaccine,
  series: dose.series,
  doseNumber: dose.doseNumber,
});

const doneDose = (dose: ScheduledDose, counted: CountedDose, birthDate: CivilDate): PlannedDose => {
  const due = addDays(birthDate, dose.dueAgeDays);
  return {
    ...identity(dose),
    state: 'DONE',
    earliest: addDays(birthDate, dose.earliestAgeDays),
    due,
    overdueFrom: addDays(due, dose.overdueAfterDays + 1),
    latest: addDays(birthDate, dose.latestAgeDays),
    given: counted.given.date,
  };
};

/** The day the previous dose was given, or the first day on which it could be. */
const previousDate = (dose: ScheduledDose, plan: Planning): CivilDate | undefined => {
  const rules = dose.after ?? [];
  const done = dateGiven(plan.history.counted, rules);
  if (done !== undefined) return done;
  const open = rules.flatMap((rule) => {
    const previous = plan.lineOf(rule);
    return previous === undefined || previous.state === 'EXPIRED' ? [] : [previous];
  });
  const first = open.map(({ due }) => laterDate(due, plan.today)).sort()[0];
  return first;
};

/** An uncounted dose of the same vaccine still needs its distance before the repetition. */
const afterUncounted = (dose: ScheduledDose, plan: Planning): CivilDate | undefined =>
  plan.history.uncounted
    .filter(({ given, problem }) => given.vaccine === dose.vaccine && problem.rule === dose.rule)
    .map(({ given }) => addDays(given.date, dose.minIntervalDays ?? plan.schedule.liveIntervalDays))
    .reduce<CivilDate | undefined>((latest, date) => laterDate(latest ?? date, date), undefined);

const openDose = (dose: ScheduledDose, plan: Planning): PlannedDose => {
  const { birthDate, today } = plan;
  const latest = addDays(birthDate, dose.latestAgeDays);
  const previous = previousDate(dose, plan);
  const allowed = earliestDate(dose, birthDate, previous);
  const orphaned = allowed === undefined;
  const repeated = afterUncounted(dose, plan) ?? birthDate;
  const byAge = laterDate(allowed ?? addDays(birthDate, dose.earliestAgeDays), repeated);
  const offered = laterDate(byAge, today);
  const apart = afterLiveVaccines(dose.vaccine, plan.given, plan.schedule, offered);
  const earliest = apart > offered ? apart : byAge;
  const due = laterDate(addDays(birthDate, dose.dueAgeDays), earliest);
  const overdueFrom = addDays(due, dose.overdueAfterDays + 1);
  const waiting =
    dose.after !== undefined && dateGiven(plan.history.counted, dose.after) === undefined;
  const line = { ...identity(dose), earliest, due, overdueFrom, latest };
  if (orphaned || today > latest || earliest > latest) return { ...line, state: 'EXPIRED' };
  if (waiting || today < earliest) return { ...line, state: 'TOO_EARLY' };
  return { ...line, state: today >= overdueFrom ? 'OVERDUE' : 'DUE' };
};

/**
 * What a child has had, needs now, and will need: one line for every dose of a schedule.
 *
 * No line is ever due before the minimum age, before the minimum interval from the dose before it,
 * or too close to another injected live vaccine. Lines behind a missing dose are forecasts and stay
 * TOO_EARLY until it is given.
 *
 * @param birthDate civil date of birth
 * @param given what was given, in any order, labelled with a rule or not
 * @param schedule code such as IN-UIP, or undefined for the default of the data file
 * @param today civil date in the facility's zone, not before the birth
 * @throws RangeError for an unknown schedule, a date that is none, or a birth after today
 * @source the schedule's own sources, see `immunization-schedule.json`
 * @example immunizationPlan('2024-01-01', [], 'IN-UIP', '2024-02-12').doses
 *   // …, { rule: 'IN-UIP-PENTA-1', state: 'DUE', due: '2024-02-12', … }
 */
export const immunizationPlan = (
  birthDate: CivilDate,
  given: readonly GivenDose[],
  schedule: string | undefined,
  today: CivilDate,
  options: PlanOptions = {},
): ImmunizationPlan => {
  const ageDays = daysBetween(birthDate, today);
  if (ageDays < 0) throw new RangeError('The day is before the birth');
  const table = immunizationSchedule(schedule);
  const until = given.filter((dose) => dose.date <= today);
  const history = readHistory(birthDate, until, table);
  const doses = applicableDoses(table, history, ageDays, options);
  const lines = new Map<string, PlannedDose>();
  const lineOf = (rule: string): PlannedDose | undefined => {
    const dose = doses.find((one) => one.rule === rule);
    if (dose === undefined || lines.has(rule)) return lines.get(rule);
    const counted = history.counted.get(rule);
    const line = counted === undefined ? openDose(dose, plan) : doneDose(dose, counted, birthDate);
    lines.set(rule, line);
    return line;
  };
  const plan: Planning = { birthDate, today, schedule: table, given: until, history, lineOf };
  const future = given
    .filter((dose) => dose.date > today)
    .map((dose) => ({ given: dose, problem: { code: 'IN_THE_FUTURE' as const } }));
  return {
    schedule: table.code,
    doses: doses.flatMap((dose) => lineOf(dose.rule) ?? []),
    uncounted: [...history.uncounted, ...future],
  };
};
