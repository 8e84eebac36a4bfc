import { addDays } from './civil-date.ts';
import type { CivilDate } from './civil-date.ts';
import type { Titled } from './clinical-content.ts';
import type { GivenDose } from './immunization-history.ts';
import { immunizationPlan } from './immunization-plan.ts';
import type { DoseState, PlanOptions } from './immunization-plan.ts';
import { findVaccine } from './immunization-schedule.ts';
import { maternalImmunizationPlan } from './maternal-immunization.ts';
import { ancSchedule, expectedDeliveryDate, postnatalSchedule } from './pregnancy.ts';
import type { DatedVisit, PlannedVisit } from './pregnancy.ts';

export type TaskKind =
  'ANC_VISIT' | 'POSTNATAL_VISIT' | 'IMMUNIZATION' | 'MATERNAL_IMMUNIZATION' | 'DELIVERY';

/** What is to be done for a patient, and why. */
export interface DueTask extends Titled {
  readonly kind: TaskKind;
  /** Id of the rule in the data that made it; unique within the list of one patient. */
  readonly rule: string;
  readonly state: 'UPCOMING' | 'DUE' | 'OVERDUE' | 'DONE' | 'MISSED';
  readonly from: CivilDate;
  readonly due: CivilDate;
  /** Last day on which it makes sense. */
  readonly until: CivilDate;
  readonly doneOn?: CivilDate;
}

export interface DueListInput {
  readonly patient: {
    readonly birthDate: CivilDate;
    readonly sex?: NonNullable<PlanOptions['sex']>;
  };
  /** The current pregnancy, or one that ended in a birth at most six weeks ago. */
  readonly pregnancy?: { readonly lmp: CivilDate; readonly endedOn?: CivilDate };
  readonly immunizations: readonly GivenDose[];
  /** Dates of checkups, with the kind of visit. */
  readonly checkups: readonly { readonly date: CivilDate; readonly visitType: string }[];
  readonly today: CivilDate;
  readonly immunizationSchedule?: string;
  readonly ancSchedule?: string;
  readonly postnatalSchedule?: string;
  readonly areaTags?: readonly string[];
}

/** Adults have no childhood schedule; its last doses are at 16 years. */
const CHILD_UNTIL_DAYS = 19 * 365;

const doseStates: Readonly<Record<DoseState, DueTask['state']>> = {
  DONE: 'DONE',
  DUE: 'DUE',
  OVERDUE: 'OVERDUE',
  TOO_EARLY: 'UPCOMING',
  EXPIRED: 'MISSED',
};

const vaccineTitle = (code: string, suffix: string): Titled => {
  const vaccine = findVaccine(code);
  if (vaccine === undefined) return { title: `${code} ${suffix}` };
  const translations = Object.fromEntries(
    Object.entries(vaccine.translations ?? {}).map(([language, title]) => [
      language,
      `${title} ${suffix}`,
    ]),
  );
  return { title: `${vaccine.title} ${suffix}`, translations };
};

const visitState = (
  visit: DatedVisit<PlannedVisit>,
  doneOn: CivilDate | undefined,
  today: CivilDate,
): DueTask['state'] => {
  if (doneOn !== undefined) return 'DONE';
  if (today < visit.from) return 'UPCOMING';
  if (today > visit.until) return 'MISSED';
  return today > visit.due ? 'OVERDUE' : 'DUE';
};

const visitTasks = (
  kind: TaskKind,
  visits: readonly DatedVisit<PlannedVisit>[],
  done: readonly CivilDate[],
  today: CivilDate,
): readonly DueTask[] =>
  visits.map((planned) => {
    const doneOn = done.find((date) => date >= planned.from && date <= planned.until);
    const { title, translations } = planned.visit;
    return {
      kind,
      rule: planned.rule,
      title,
      ...(translations === undefined ? {} : { translations }),
      state: visitState(planned, doneOn, today),
      from: planned.from,
      due: planned.due,
      until: planned.until,
      ...(doneOn === undefined ? {} : { doneOn }),
    };
  });

const childDoses = (input: DueListInput): readonly DueTask[] => {
  const { patient, today, areaTags } = input;
  if (today > addDays(patient.birthDate, CHILD_UNTIL_DAYS)) return [];
  const options = {
    ...(patient.sex === undefined ? {} : { sex: patient.sex }),
    ...(areaTags === undefined ? {} : { areaTags }),
  };
  const { doses } = immunizationPlan(
    patient.birthDate, input.immunizations, input.immunizationSchedule, today, options,
  ); // prettier-ignore
  return doses.map((dose) => ({
    kind: 'IMMUNIZATION',
    rule: dose.rule,
    ...vaccineTitle(dose.vaccine, String(dose.doseNumber)),
    state: doseStates[dose.state],
    from: dose.earliest,
    due: dose.due,
    until: dose.latest,
    ...(dose.given === undefined ? {} : { doneOn: dose.given }),
  }));
};

const pregnancyTasks = (input: DueListInput, lmp: CivilDate): readonly DueTask[] => {
  const { today } = input;
  const delivery = expectedDeliveryDate(lmp);
  const lastDay = addDays(delivery, 21);
  const visits = input.checkups.filter((one) => one.visitType === 'ANC' && one.date >= lmp);
  const doses = maternalImmunizationPlan(
    lmp,
    input.immunizations,
    input.immunizationSchedule,
    today,
  );
  return [
    ...visitTasks('ANC_VISIT', ancSchedule(lmp, input.ancSchedule), visits.map(({ date }) => date), today),
    ...doses.map((dose): DueTask => ({
      kind: 'MATERNAL_IMMUNIZATION',
      rule: dose.rule,
      ...vaccineTitle(dose.vaccine, String(dose.doseNumber)),
      state: doseStates[dose.state],
      from: dose.earliest,
      due: dose.due,
      until: lastDay,
      ...(dose.given === undefined ? {} : { doneOn: dose.given }),
    })),
    {
      kind: 'DELIVERY',
      rule: 'EXPECTED-DELIVERY',
      title: 'Expected delivery',
      translations: { hi: 'प्रसव की संभावित तिथि', fr: 'Accouchement prévu', ar: 'موعد الولادة المتوقع' },
      state: today < addDays(delivery, -21) ? 'UPCOMING' : today > delivery ? 'OVERDUE' : 'DUE',
      from: addDays(delivery, -21),
      due: delivery,
      until: lastDay,
    },
  ]; // prettier-ignore
};

/**
 * All that is due for a patient by the guidelines: antenatal contacts, tetanus doses, the expected
 * delivery, postnatal visits, childhood doses. Sorted by due date, then rule; done and missed
 * tasks are in the list with their state, so that the caller decides what to show.
 *
 * @param input the patient's facts; visit types are ANC and PNC; `today` in the facility's zone
 * @throws RangeError for an unknown schedule, a date that is none, or dates after today
 * @source see the data files named by the rule ids
 * @example dueList({ patient: { birthDate: '2024-01-01' }, immunizations: [], checkups: [],
 *   today: '2024-02-12' }).filter((task) => task.state === 'DUE')
 */
export const dueList = (input: DueListInput): readonly DueTask[] => {
  const { pregnancy, today } = input;
  const tasks: DueTask[] = [...childDoses(input)];
  if (pregnancy !== undefined && pregnancy.endedOn === undefined) {
    tasks.push(...pregnancyTasks(input, pregnancy.lmp));
  }
  if (pregnancy?.endedOn !== undefined) {
    const visits = postnatalSchedule(pregnancy.endedOn, input.postnatalSchedule);
    const done = input.checkups.filter((one) => one.visitType === 'PNC').map(({ date }) => date);
    tasks.push(...visitTasks('POSTNATAL_VISIT', visits, done, today));
  }
  const key = (task: DueTask): string => `${task.due} ${task.rule}`;
  return tasks.sort((left, right) => (key(left) < key(right) ? -1 : 1));
};
