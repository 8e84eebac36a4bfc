import {
  addDays,
  daysBetween,
  expectedDeliveryDate,
  gestationalAge,
  PREGNANCY_DAYS,
  type CivilDate,
  type GestationalAge,
} from '@caregraph/guideline';
import { problem, type Problem } from '@caregraph/subgraph';
import { civilDay } from '../stored-day.ts';
import type { Dating } from './pregnancy-write.store.ts';
import type { PregnancyRecord } from './pregnancy.store.ts';

/** Longer after the last menstrual period, a pregnancy that goes on is hardly dated right. */
const longestDays = 44 * 7;

/** What is missing of a dating is reckoned by Naegele's rule from what there is. */
export function datingOf(
  { lmp, edd }: { lmp?: CivilDate | null | undefined; edd?: CivilDate | null | undefined },
  earlier?: Dating,
): Dating | undefined {
  if (edd != null) {
    return { lmp: lmp ?? earlier?.lmp ?? addDays(edd, -PREGNANCY_DAYS), edd, eddGiven: true };
  }
  if (lmp == null) return earlier;
  if (earlier?.eddGiven) return { ...earlier, lmp };
  return { lmp, edd: expectedDeliveryDate(lmp), eddGiven: false };
}

export interface DatingFindings {
  readonly refusals: readonly Problem[];
  readonly warnings: readonly Problem[];
}

/** Holds a dating against the calendar: what cannot be, and what is to be looked at again. */
export function checkDating({ lmp, edd }: Dating, today: CivilDate): DatingFindings {
  const term = daysBetween(lmp, edd);
  const refusals = [
    ...(lmp > today ? [problem('DATE_IN_FUTURE', 'lmp')] : []),
    ...(term < 200 || term > 330 ? [problem('VALUE_IMPOSSIBLE', 'edd')] : []),
  ];
  const overdue = daysBetween(lmp, today) > longestDays;
  return { refusals, warnings: overdue ? [problem('SAFETY_WARNING', 'lmp')] : [] };
}

/** The last menstrual period that the expected delivery stands for: what visits go by. */
export function datedLmp({ edd }: Pick<PregnancyRecord, 'edd'>): CivilDate {
  return addDays(civilDay(edd), -PREGNANCY_DAYS);
}

/** Undefined when it cannot be told: it ended on an unknown day, or its dating lies ahead. */
export function gestationOf(
  pregnancy: Pick<PregnancyRecord, 'edd' | 'outcome' | 'outcomeOn'>,
  today: CivilDate,
): GestationalAge | undefined {
  const ended = pregnancy.outcomeOn ? civilDay(pregnancy.outcomeOn) : undefined;
  const on = pregnancy.outcome === 'ONGOING' ? today : ended;
  const lmp = datedLmp(pregnancy);
  return on === undefined || on < lmp ? undefined : gestationalAge(lmp, on);
}
