import { addDays, daysBetween, laterDate } from './civil-date.ts';
import type { CivilDate } from './civil-date.ts';
import type { GivenDose } from './immunization-history.ts';
import type { DoseState } from './immunization-plan.ts';
import { immunizationSchedule } from './immunization-schedule.ts';
import type { MaternalDose } from './immunization-schedule.ts';

const OVERDUE_AFTER_DAYS = 28;

export interface PlannedMaternalDose {
  readonly rule: string;
  readonly vaccine: string;
  readonly doseNumber: number;
  readonly state: Exclude<DoseState, 'EXPIRED'>;
  readonly earliest: CivilDate;
  readonly due: CivilDate;
  readonly overdueFrom: CivilDate;
  readonly given?: CivilDate;
}

const boosterApplies = (
  rule: MaternalDose,
  lmp: CivilDate,
  before: readonly GivenDose[],
): boolean => {
  const needed = rule.insteadIfDosesWithinDays;
  if (needed === undefined) return false;
  const recent = before.filter((dose) => daysBetween(dose.date, lmp) <= needed.days);
  return recent.length >= needed.doses;
};

/**
 * The tetanus doses of a pregnancy: two doses four weeks apart, or one booster when two were given
 * within the last three years. They do not expire while the pregnancy lasts.
 *
 * @param lmp first day of the last menstrual period
 * @param given all tetanus doses of the woman, before and in this pregnancy
 * @param schedule schedule code, or undefined for the default
 * @param today civil date
 * @throws RangeError for an unknown schedule or a date that is none
 * @source MoHFW India, National Immunization Schedule (Td in pregnancy)
 * @example maternalImmunizationPlan('2024-01-01', [], 'IN-UIP', '2024-04-01')[0]?.state // 'DUE'
 */
export const maternalImmunizationPlan = (
  lmp: CivilDate,
  given: readonly GivenDose[],
  schedule: string | undefined,
  today: CivilDate,
): readonly PlannedMaternalDose[] => {
  const { maternal } = immunizationSchedule(schedule);
  const tetanus = given
    .filter(
      (dose) => dose.date <= today && maternal.some(({ vaccine }) => vaccine === dose.vaccine),
    )
    .map((dose) => dose.date)
    .sort();
  const before = tetanus.filter((date) => date < lmp).map((date) => ({ vaccine: 'TD', date }));
  const booster = maternal.filter((rule) => boosterApplies(rule, lmp, before));
  const rules =
    booster.length > 0
      ? booster
      : maternal.filter((rule) => rule.insteadIfDosesWithinDays === undefined);
  const open = tetanus.filter((date) => date >= lmp);
  const lines: PlannedMaternalDose[] = [];
  for (const rule of rules) {
    const previous = lines.find((line) => line.rule === rule.after);
    const waiting = previous !== undefined && previous.given === undefined;
    const base = previous === undefined ? lmp : (previous.given ?? laterDate(previous.due, today));
    const earliest = addDays(base, rule.minIntervalDays ?? 0);
    const taken = waiting ? undefined : open.find((date) => date >= earliest);
    if (taken !== undefined) open.splice(0, open.indexOf(taken) + 1);
    const due = laterDate(addDays(lmp, rule.dueGestationDays), earliest);
    const overdueFrom = addDays(due, OVERDUE_AFTER_DAYS + 1);
    const line = {
      rule: rule.rule,
      vaccine: rule.vaccine,
      doseNumber: rule.doseNumber,
      earliest,
      due,
      overdueFrom,
    };
    if (taken !== undefined) lines.push({ ...line, state: 'DONE', given: taken });
    else if (waiting || today < earliest) lines.push({ ...line, state: 'TOO_EARLY' });
    else lines.push({ ...line, state: today >= overdueFrom ? 'OVERDUE' : 'DUE' });
  }
  return lines;
};
