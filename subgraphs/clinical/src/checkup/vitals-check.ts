import {
  assessVitals,
  type VitalField,
  type Vitals as GuidelineVitals,
  type VitalsContext,
} from '@caregraph/guideline';
import { problem, type Problem } from '@caregraph/subgraph';
import type { VitalsValues } from './checkup.input.ts';

/** Molar mass of glucose, 180.16 g/mol: what 1 mmol/L is in mg/dL. */
const mgPerDlOfMmolPerL = 18.016;
/** At or below it a postnatal visit is one to the newborn, not to the mother. */
const newbornUntilDays = 60;
/** The years of childbearing begin about here, as far as the limits of adults are concerned. */
const adultFromDays = 10 * 365;

/** Our names of the vitals, which carry the units of the record, for those of the guideline. */
const fieldNames: Readonly<Record<VitalField, keyof VitalsValues>> = {
  systolicMmHg: 'systolicMmHg',
  diastolicMmHg: 'diastolicMmHg',
  pulsePerMinute: 'pulsePerMin',
  temperatureCelsius: 'temperatureCelsius',
  spo2Percent: 'spo2Percent',
  respiratoryRatePerMinute: 'respiratoryRatePerMin',
  weightKg: 'weightKg',
  heightCm: 'heightCm',
  muacMm: 'muacMm',
  haemoglobinGPerDl: 'haemoglobinGdl',
  glucoseMgPerDl: 'glucoseMmolL',
  fundalHeightCm: 'fundalHeightCm',
  fetalHeartRatePerMinute: 'fetalHeartRatePerMin',
};

/** What is known of whom the vitals were taken from. */
export interface MeasuredPatient {
  readonly visitType: string;
  readonly ageDays: number | undefined;
  /** Days since the last menstrual period in an ongoing pregnancy. */
  readonly gestationalAgeDays: number | undefined;
}

export interface VitalsFindings {
  /** Why the checkup is refused. */
  readonly impossible: readonly Problem[];
  /** What the worker is asked to look at again; the values are kept. */
  readonly warnings: readonly Problem[];
  /** Codes of danger signs that the values amount to. */
  readonly dangerSigns: readonly string[];
}

/**
 * Holds vitals against the guideline. Most limits depend on age: when it is not known and the visit
 * is not one to a mother, only what nobody alive can have is judged. A danger sign that an adult's
 * limits find in a child would send a healthy child to hospital.
 */
export function checkVitals(values: VitalsValues, patient: MeasuredPatient): VitalsFindings {
  const context = contextOf(values, patient);
  const assumed = context ?? { ageDays: 30 * 365 };
  const { impossible, warnings, dangerSigns } = assessVitals(guidelineVitals(values), assumed);
  const refusals = impossible.map(({ field }) => problem('VALUE_IMPOSSIBLE', place(field)));
  if (context === undefined) return { impossible: refusals, warnings: [], dangerSigns: [] };
  const doubtful = [...new Set(warnings.map(({ field }) => field))];
  return {
    impossible: refusals,
    warnings: doubtful.map((field) => problem('SAFETY_WARNING', place(field))),
    dangerSigns: dangerSigns.map((sign) => sign.code),
  };
}

function place(field: VitalField): string {
  return `vitals.${fieldNames[field]}`;
}

function contextOf(
  { glucoseFasting }: VitalsValues,
  { visitType, ageDays, gestationalAgeDays }: MeasuredPatient,
): VitalsContext | undefined {
  const fasting = glucoseFasting == null ? {} : { fasting: glucoseFasting };
  const newborn = ageDays !== undefined && ageDays <= newbornUntilDays;
  const grown = ageDays === undefined || ageDays >= adultFromDays;
  const adultDays = ageDays ?? 25 * 365;
  const mother = { ageDays: adultDays, sex: 'FEMALE', ...fasting } as const;
  if (grown && (visitType === 'ANC' || gestationalAgeDays !== undefined)) {
    const gestation = gestationalAgeDays === undefined ? {} : { gestationalAgeDays };
    return { ...mother, pregnant: true, ...gestation };
  }
  if (visitType === 'DELIVERY' && grown) return { ...mother, pregnant: true };
  if (visitType === 'PNC' && grown && !newborn) return { ...mother, postpartum: true };
  return ageDays === undefined ? undefined : { ageDays, ...fasting };
}

function guidelineVitals(values: VitalsValues): GuidelineVitals {
  const entries = Object.entries(fieldNames).map(([field, name]) => {
    const value = values[name];
    if (typeof value !== 'number') return [field, undefined];
    return [field, field === 'glucoseMgPerDl' ? value * mgPerDlOfMmolPerL : value];
  });
  // The keys are those of the table above, which has every vital of the guideline.
  return Object.fromEntries(entries) as GuidelineVitals;
}
