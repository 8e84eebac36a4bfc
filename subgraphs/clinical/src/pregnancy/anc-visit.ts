import { ancSchedule, type AncContact, type CivilDate } from '@caregraph/guideline';

/** A planned contact with what became of it. */
export interface AncVisitLine {
  readonly rule: string;
  readonly contact: AncContact;
  readonly state: 'UPCOMING' | 'DUE' | 'OVERDUE' | 'DONE' | 'MISSED';
  readonly from: CivilDate;
  readonly due: CivilDate;
  readonly until: CivilDate;
  readonly doneOn: CivilDate | null;
  readonly checkupId: string | null;
}

/** An antenatal checkup that may count as one of the contacts. */
export interface DatedCheckup {
  readonly id: string;
  readonly on: CivilDate;
}

/**
 * The antenatal contacts of a pregnancy: each counts as done by the first checkup in its window.
 *
 * @param lmp the last menstrual period that the expected delivery stands for
 * @param endedOn the day the pregnancy ended; what was planned behind it is left out
 */
export function ancVisitLines(options: {
  lmp: CivilDate;
  endedOn: CivilDate | undefined;
  checkups: readonly DatedCheckup[];
  today: CivilDate;
}): AncVisitLine[] {
  const { lmp, endedOn, checkups, today } = options;
  const planned = ancSchedule(lmp).filter(({ from }) => endedOn === undefined || from <= endedOn);
  const inOrder = [...checkups].sort((a, b) => (a.on < b.on ? -1 : 1));
  return planned.map(({ visit, rule, from, due, until }) => {
    const done = inOrder.find(({ on }) => on >= from && on <= until);
    const doneOn = done?.on ?? null;
    const last = endedOn ?? today;
    const state = doneOn === null ? openState({ from, due, until }, last, endedOn) : 'DONE';
    return { rule, contact: visit, state, from, due, until, doneOn, checkupId: done?.id ?? null };
  });
}

function openState(
  { from, due, until }: { from: CivilDate; due: CivilDate; until: CivilDate },
  today: CivilDate,
  endedOn: CivilDate | undefined,
): AncVisitLine['state'] {
  if (endedOn !== undefined || today > until) return 'MISSED';
  if (today < from) return 'UPCOMING';
  return today > due ? 'OVERDUE' : 'DUE';
}
