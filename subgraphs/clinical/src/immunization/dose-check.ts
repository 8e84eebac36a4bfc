import {
  findDose,
  findVaccine,
  immunizationSchedule,
  immunizationSchedules,
  validateDose,
  type CivilDate,
  type GivenDose,
} from '@caregraph/guideline';
import { problem, type Problem } from '@caregraph/subgraph';
import type { StatedDose } from './immunization.input.ts';

/** A dose with its place in a schedule, as far as there is one. */
export interface PlacedDose {
  readonly vaccineCode: string | null;
  readonly rule: string | null;
  readonly series: string | null;
  readonly doseNumber: number | null;
}

const maternalDoses = immunizationSchedules.entries.flatMap((schedule) => schedule.maternal);

/**
 * Finds the scheduled dose that a stated one is: the one it names, or the numbered dose of the
 * series that is called like its vaccine. Doses of pregnancy come again with every pregnancy, so
 * they have no series in which a number is taken once.
 */
export function placeDose(stated: StatedDose): PlacedDose {
  const { vaccineCode = null, rule = null, doseNumber = null } = stated;
  const maternal = maternalDoses.find((dose) => dose.rule === rule);
  if (maternal) {
    return { vaccineCode: maternal.vaccine, rule, series: null, doseNumber: maternal.doseNumber };
  }
  const named = rule === null ? numberedDose(vaccineCode, doseNumber) : findDose(rule);
  if (named === undefined) return { vaccineCode, rule, series: seriesOf(vaccineCode), doseNumber };
  const { vaccine, series } = named;
  return { vaccineCode: vaccine, rule: named.rule, series, doseNumber: named.doseNumber };
}

function isMaternalVaccine(code: string | null): boolean {
  return maternalDoses.some(({ vaccine }) => vaccine === code);
}

function seriesOf(vaccineCode: string | null): string | null {
  return isMaternalVaccine(vaccineCode) ? null : vaccineCode;
}

function numberedDose(vaccineCode: string | null, doseNumber: number | null) {
  if (isMaternalVaccine(vaccineCode)) return undefined;
  return immunizationSchedule().doses.find(
    (dose) =>
      dose.vaccine === vaccineCode && dose.series === vaccineCode && dose.doseNumber === doseNumber,
  );
}

/** What is wrong with the names in a stated dose. */
export function unknownNames({ vaccineCode, rule }: StatedDose): Problem[] {
  const isUnknown = vaccineCode != null && findVaccine(vaccineCode) === undefined;
  const problems = isUnknown ? [problem('REFERENCE_NOT_FOUND', 'vaccineCode')] : [];
  if (rule == null) return problems;
  const ofRule = placeDose({ id: '', rule }).vaccineCode;
  if (ofRule === null) return [...problems, problem('REFERENCE_NOT_FOUND', 'rule')];
  const isOther = vaccineCode != null && vaccineCode !== ofRule;
  return isOther ? [...problems, problem('INPUT_INVALID', 'rule')] : problems;
}

/**
 * Holds a given dose against the schedule: below the minimum age or interval it does not protect
 * and has to be repeated, so the worker is warned; it happened all the same, so it is kept.
 */
export function scheduleWarnings(options: {
  dose: PlacedDose;
  birthDate: CivilDate | null | undefined;
  on: CivilDate;
  given: readonly GivenDose[];
  today: CivilDate;
}): Problem[] {
  const { dose, birthDate, on, given, today } = options;
  const { rule, vaccineCode } = dose;
  if (birthDate == null || rule === null || vaccineCode === null) return [];
  if (dose.series === null) return [];
  const schedule = scheduleOf(rule);
  if (schedule === undefined) return [];
  const input = { birthDate, given, schedule, rule, vaccine: vaccineCode, date: on, today };
  return validateDose(input).valid ? [] : [problem('SAFETY_WARNING', 'givenOn')];
}

function scheduleOf(rule: string): string | undefined {
  return immunizationSchedules.entries.find((schedule) =>
    [...schedule.doses, ...schedule.catchUp.flatMap((one) => one.doses)].some(
      (dose) => dose.rule === rule,
    ),
  )?.code;
}
