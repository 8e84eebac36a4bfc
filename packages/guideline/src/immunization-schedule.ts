import scheduleFile from '../data/immunization-schedule.json' with { type: 'json' };
import vaccinesFile from '../data/vaccines.json' with { type: 'json' };
import type { ContentFile, Titled } from './clinical-content.ts';

/** A vaccine, or a supplement that the immunization programme hands out. */
export interface Vaccine extends Titled {
  readonly code: string;
  readonly kind: 'VACCINE' | 'SUPPLEMENT';
  /** Code of the CDC's CVX code set. */
  readonly cvx?: string;
  readonly atc?: string;
  /** Injected live vaccines keep a distance from each other unless given on one day. */
  readonly liveInjected: boolean;
  /** ICD-10 categories of what it prevents. */
  readonly targets: readonly string[];
}

/** One dose of a schedule. Ages are days since birth, both ends included. */
export interface ScheduledDose {
  readonly rule: string;
  readonly vaccine: string;
  readonly series: string;
  readonly doseNumber: number;
  readonly earliestAgeDays: number;
  readonly dueAgeDays: number;
  readonly latestAgeDays: number;
  readonly overdueAfterDays: number;
  /** Rules of which one must have been given first. */
  readonly after?: readonly string[];
  readonly minIntervalDays?: number;
  readonly route: string;
  readonly booster?: boolean;
  readonly onlyWhere?: string;
  readonly onlySex?: string;
}

/** Doses that stand in for a series of which nothing was given in time. */
export interface CatchUpRule {
  readonly rule: string;
  readonly insteadOfSeries: string;
  readonly fromAgeDays: number;
  readonly doses: readonly ScheduledDose[];
}

/** A tetanus dose of pregnancy; days count from the last menstrual period. */
export interface MaternalDose {
  readonly rule: string;
  readonly vaccine: string;
  readonly doseNumber: number;
  readonly dueGestationDays: number;
  readonly title: string;
  readonly after?: string;
  readonly minIntervalDays?: number;
  readonly insteadIfDosesWithinDays?: { readonly doses: number; readonly days: number };
}

export interface ImmunizationSchedule extends Titled {
  readonly code: string;
  readonly country: string;
  readonly liveIntervalDays: number;
  readonly doses: readonly ScheduledDose[];
  readonly catchUp: readonly CatchUpRule[];
  readonly maternal: readonly MaternalDose[];
}

// The JSON files are checked entry by entry in content.test.ts; the literal types need this cast.
export const vaccines = vaccinesFile as ContentFile<Vaccine>;
export const immunizationSchedules =
  scheduleFile as unknown as ContentFile<ImmunizationSchedule> & {
    readonly defaultSchedule: string;
  };

const vaccineByCode = new Map(vaccines.entries.map((vaccine) => [vaccine.code, vaccine]));

/**
 * A vaccine by the code of this package.
 *
 * @example findVaccine('PENTA')?.cvx // '198'
 */
export const findVaccine = (code: string): Vaccine | undefined => vaccineByCode.get(code);

/**
 * A vaccine by its CVX code, as records of other systems carry it.
 *
 * @example findVaccineByCvx('19')?.code // 'BCG'
 */
export const findVaccineByCvx = (cvx: string): Vaccine | undefined =>
  vaccines.entries.find((vaccine) => vaccine.cvx === cvx);

/**
 * A schedule by code.
 *
 * @param code such as IN-UIP or WHO-EPI; the default of the data file when left out
 * @throws RangeError when there is none of that code
 */
export const immunizationSchedule = (
  code: string = immunizationSchedules.defaultSchedule,
): ImmunizationSchedule => {
  const schedule = immunizationSchedules.entries.find((entry) => entry.code === code);
  if (schedule === undefined) throw new RangeError(`Unknown immunization schedule ${code}`);
  return schedule;
};

/** Every dose of a schedule, those of catch-up rules included. */
export const allDoses = (schedule: ImmunizationSchedule): readonly ScheduledDose[] => [
  ...schedule.doses,
  ...schedule.catchUp.flatMap((rule) => rule.doses),
];

/**
 * The titled name of a dose's vaccine with its number in the series.
 *
 * @example findDose('IN-UIP-PENTA-2')?.doseNumber // 2
 */
export const findDose = (rule: string): ScheduledDose | undefined =>
  immunizationSchedules.entries.flatMap(allDoses).find((dose) => dose.rule === rule);
