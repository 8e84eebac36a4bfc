import { doseContent } from './dose-amount.ts';
import { checkDose } from './dose-check.ts';
import type { DoseFinding } from './dose-check.ts';
import { allergyMatches, interactionsBetween } from './medicine-interaction.ts';
import { findMedicine, findPresentation, routesOf } from './medicine.ts';
import type { Amount, Medicine } from './medicine.ts';

/** Stable codes of what a check finds. */
export type PrescriptionProblemCode =
  | DoseFinding['code']
  | 'UNKNOWN_MEDICINE'
  | 'UNKNOWN_PRESENTATION'
  | 'ROUTE_NOT_AVAILABLE'
  | 'DURATION_NOT_POSITIVE'
  | 'DURATION_ABOVE_MAXIMUM'
  | 'ALLERGY'
  | 'CROSS_ALLERGY'
  | 'INTERACTION'
  | 'DUPLICATE_MEDICINE'
  | 'PREGNANCY_CONTRAINDICATED'
  | 'PREGNANCY_CAUTION';

export interface PrescriptionProblem {
  readonly code: PrescriptionProblemCode;
  /** The data rule behind it, such as an interaction's id. */
  readonly rule?: string;
  /** ATC code or allergy group that it is about. */
  readonly with?: string;
  readonly severity?: 'CONTRAINDICATED' | 'MAJOR' | 'MODERATE';
  readonly limit?: number;
  readonly unit?: string;
}

export interface PrescriptionItemToCheck {
  /** ATC code. */
  readonly medicine: string;
  /** Code of a form and strength; needed when the dose counts tablets or millilitres. */
  readonly presentation?: string;
  readonly dose: Amount;
  /** Doses in a day; 0.142857 for one a week. */
  readonly timesPerDay: number;
  readonly route: string;
  readonly durationDays?: number;
  readonly patient: {
    readonly ageDays: number;
    readonly weightKg?: number;
    readonly pregnant?: boolean;
    readonly trimester?: 1 | 2 | 3;
  };
  /** ATC codes or allergy groups. */
  readonly allergies: readonly string[];
  /** ATC codes of what the patient takes besides. */
  readonly otherMedicines: readonly string[];
}

export interface PrescriptionVerdict {
  /** A prescription with one of these must not be issued as it is. */
  readonly errors: readonly PrescriptionProblem[];
  /** The prescriber must have seen these. */
  readonly warnings: readonly PrescriptionProblem[];
}

interface Finding extends PrescriptionProblem {
  readonly level: 'ERROR' | 'WARNING';
}

const error = (
  code: PrescriptionProblemCode,
  more: Partial<PrescriptionProblem> = {},
): Finding => ({
  level: 'ERROR',
  code,
  ...more,
});

const warning = (
  code: PrescriptionProblemCode,
  more: Partial<PrescriptionProblem> = {},
): Finding => ({
  level: 'WARNING',
  code,
  ...more,
});

const pregnancyFindings = (
  medicine: Medicine,
  patient: PrescriptionItemToCheck['patient'],
): Finding[] => {
  if (patient.pregnant !== true) return [];
  const { trimester } = patient;
  switch (medicine.pregnancy) {
    case 'NONE':
      return [];
    case 'AVOID':
      return [error('PREGNANCY_CONTRAINDICATED')];
    case 'CAUTION':
      return [warning('PREGNANCY_CAUTION')];
    case 'AVOID_FIRST_TRIMESTER':
      return [trimester === 1 ? error('PREGNANCY_CONTRAINDICATED') : warning('PREGNANCY_CAUTION')];
    case 'AVOID_THIRD_TRIMESTER':
      return [trimester === 3 ? error('PREGNANCY_CONTRAINDICATED') : warning('PREGNANCY_CAUTION')];
  }
};

const allergyFindings = (medicine: Medicine, allergies: readonly string[]): Finding[] =>
  allergyMatches(medicine, allergies).map(({ kind, allergy, rule }) =>
    kind === 'SAME'
      ? error('ALLERGY', { with: allergy })
      : warning('CROSS_ALLERGY', { with: allergy, ...(rule === undefined ? {} : { rule }) }),
  );

const interactionFindings = (medicine: Medicine, others: readonly string[]): Finding[] =>
  [...new Set(others)].flatMap((atc): Finding[] => {
    const other = findMedicine(atc);
    if (atc === medicine.atc) return [warning('DUPLICATE_MEDICINE', { with: atc })];
    if (other === undefined) return [];
    return interactionsBetween(medicine, other).map(({ rule, severity }) => {
      const found = severity === 'CONTRAINDICATED' ? error : warning;
      return found('INTERACTION', { rule, severity, with: atc });
    });
  });

const durationFindings = (medicine: Medicine, days: number | undefined): Finding[] => {
  if (days === undefined) return [];
  if (!(days > 0) || !Number.isFinite(days)) return [error('DURATION_NOT_POSITIVE')];
  const limit = medicine.maxDurationDays;
  if (limit === undefined || days <= limit) return [];
  return [warning('DURATION_ABOVE_MAXIMUM', { limit, unit: 'd' })];
};

/**
 * What a pharmacist would ask back about one item of a prescription.
 *
 * Errors: UNKNOWN_MEDICINE, UNKNOWN_PRESENTATION, ROUTE_NOT_AVAILABLE, DOSE_NOT_POSITIVE,
 * DOSE_ABOVE_MAXIMUM, AGE_BELOW_MINIMUM, DURATION_NOT_POSITIVE, ALLERGY,
 * PREGNANCY_CONTRAINDICATED, INTERACTION (contraindicated). Warnings: DOSE_ABOVE_RANGE,
 * DOSE_BELOW_RANGE, UNIT_NOT_COMPARABLE, WEIGHT_MISSING, DURATION_ABOVE_MAXIMUM, CROSS_ALLERGY,
 * DUPLICATE_MEDICINE, PREGNANCY_CAUTION, INTERACTION (major, moderate).
 *
 * An empty verdict is not a recommendation: the data knows limits and pairs, not the patient.
 *
 * @param item the item, the patient, and what else is known
 * @source see `medicines.json`: WHO essential medicines 2023, WHO pocket book 2013
 * @example checkPrescriptionItem({ medicine: 'J01CA04', dose: { value: 500, unit: 'mg' },
 *   timesPerDay: 3, route: 'PO', durationDays: 5, patient: { ageDays: 9000 },
 *   allergies: ['penicillins'], otherMedicines: [] }).errors[0]?.code // 'ALLERGY'
 */
export const checkPrescriptionItem = (item: PrescriptionItemToCheck): PrescriptionVerdict => {
  const medicine = findMedicine(item.medicine);
  if (medicine === undefined) return { errors: [{ code: 'UNKNOWN_MEDICINE' }], warnings: [] };
  const stocked = item.presentation === undefined ? undefined : findPresentation(item.presentation);
  const presentation = stocked?.medicine === medicine ? stocked.presentation : undefined;
  const findings: Finding[] = [];
  if (item.presentation !== undefined && presentation === undefined) {
    findings.push(error('UNKNOWN_PRESENTATION', { with: item.presentation }));
  }
  if (!(presentation?.routes ?? routesOf(medicine)).includes(item.route)) {
    findings.push(error('ROUTE_NOT_AVAILABLE', { with: item.route }));
  }
  const dose = doseContent(item.dose, presentation);
  findings.push(
    ...checkDose(medicine, dose, item.timesPerDay, item.patient),
    ...durationFindings(medicine, item.durationDays),
    ...allergyFindings(medicine, item.allergies),
    ...pregnancyFindings(medicine, item.patient),
    ...interactionFindings(medicine, item.otherMedicines),
  );
  const ofLevel = (level: Finding['level']): readonly PrescriptionProblem[] =>
    findings.filter((one) => one.level === level).map(({ level: _level, ...problem }) => problem);
  return { errors: ofLevel('ERROR'), warnings: ofLevel('WARNING') };
};
