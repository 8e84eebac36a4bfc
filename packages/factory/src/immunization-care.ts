import {
  addDays,
  immunizationSchedule,
  laterDate,
  validateDose,
  type CivilDate,
  type GivenDose,
} from '@caregraph/guideline';
import type { District } from './district.ts';
import type { Person } from './family.ts';
import type { Random } from './random.ts';

/** A dose that a child has had. */
export interface DoseGiven {
  readonly rule: string;
  readonly vaccineCode: string;
  readonly doseNumber: number;
  readonly givenOn: CivilDate;
}

/** Older children's cards are lost more often than kept: their history is not taken over. */
const historyUntilDays = 5 * 365;

/** Until which age in days the doses of a child were kept up with. */
function keptUpUntil(random: Random): number {
  const drawn = random.next();
  if (drawn < 0.6) return Number.POSITIVE_INFINITY;
  return drawn < 0.68 ? -1 : random.pick([20, 60, 90, 200, 400]);
}

/**
 * The doses that a child has had by the schedule of the guideline: complete for most, broken off
 * somewhere for others, none for a few. Every dose is a valid one.
 */
export function dosesOf({ today }: District, child: Person, random: Random): DoseGiven[] {
  if (child.ageDays > historyUntilDays) return [];
  const { birthDate } = child;
  const until = keptUpUntil(random);
  const yesterday = addDays(today, -1);
  const doses: DoseGiven[] = [];
  const dates = new Map<string, CivilDate>();
  const scheduled = immunizationSchedule().doses.toSorted((a, b) => a.dueAgeDays - b.dueAgeDays);
  for (const dose of scheduled) {
    const { rule, vaccine, doseNumber, onlyWhere, onlySex, minIntervalDays = 0 } = dose;
    if (onlyWhere !== undefined || onlySex !== undefined || dose.dueAgeDays > until) continue;
    const previous = dose.after?.flatMap((one) => dates.get(one) ?? [])[0] ?? birthDate;
    const late = dose.dueAgeDays === 0 ? 0 : random.int(0, 9);
    const due = laterDate(addDays(birthDate, dose.dueAgeDays), addDays(previous, minIntervalDays));
    const date = addDays(due, late);
    if (date > yesterday) continue;
    const given = doses.map((one): GivenDose => ({
      vaccine: one.vaccineCode,
      date: one.givenOn,
      rule: one.rule,
    }));
    const { valid } = validateDose({ birthDate, given, rule, vaccine, date, today });
    // The same vaccine twice in a day is one dose that was recorded twice.
    if (!valid || given.some((one) => one.vaccine === vaccine && one.date === date)) continue;
    dates.set(rule, date);
    doses.push({ rule, vaccineCode: vaccine, doseNumber, givenOn: date });
  }
  return doses.toSorted((a, b) => (a.givenOn < b.givenOn ? -1 : a.givenOn > b.givenOn ? 1 : 0));
}
