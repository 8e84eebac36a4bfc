import type { Titled } from './clinical-content.ts';
import { findDangerSign } from './danger-sign.ts';
import type { DangerSign } from './danger-sign.ts';
import { findVitalLimit, vitalLimits } from './vital-limits.ts';
import type { AlertCondition, VitalAlert, VitalField, VitalLimit, Vitals } from './vital-limits.ts';

/** Whose vitals they are. */
export interface VitalsContext {
  readonly ageDays: number;
  readonly pregnant?: boolean;
  /** Within six weeks after a birth. */
  readonly postpartum?: boolean;
  readonly gestationalAgeDays?: number;
  /** Whether the glucose was taken fasting. */
  readonly fasting?: boolean;
  readonly sex?: 'FEMALE' | 'MALE' | 'OTHER' | 'UNKNOWN';
}

/** A value that nobody alive has: the record must be refused. */
export interface ImpossibleVital {
  readonly code: 'VITAL_IMPOSSIBLE' | 'DIASTOLIC_NOT_BELOW_SYSTOLIC';
  readonly field: VitalField;
  readonly unit: string;
  readonly min: number;
  readonly max: number;
}

/** A value to ask back, or a finding to act on. */
export interface VitalWarning extends Titled {
  /** VITAL_IMPLAUSIBLE, or the code of an alert in `vital-limits.json`. */
  readonly code: string;
  readonly field: VitalField;
  readonly severity: 'WARNING' | 'DANGER';
}

export interface VitalsAssessment {
  readonly impossible: readonly ImpossibleVital[];
  readonly warnings: readonly VitalWarning[];
  /** Danger signs that the values amount to, each once. */
  readonly dangerSigns: readonly DangerSign[];
}

const applies = (when: AlertCondition, context: VitalsContext): boolean =>
  (when.pregnant === undefined || when.pregnant === (context.pregnant ?? false)) &&
  (when.postpartum === undefined || when.postpartum === (context.postpartum ?? false)) &&
  (when.fasting === undefined || when.fasting === (context.fasting ?? false)) &&
  (when.sex === undefined || when.sex === context.sex) &&
  (when.minAgeDays === undefined || context.ageDays >= when.minAgeDays) &&
  (when.maxAgeDays === undefined || context.ageDays <= when.maxAgeDays);

const crosses = (alert: VitalAlert, value: number): boolean =>
  (alert.atLeast !== undefined && value >= alert.atLeast) ||
  (alert.above !== undefined && value > alert.above) ||
  (alert.below !== undefined && value < alert.below);

const isPossible = ({ possible }: VitalLimit, value: number): boolean =>
  value >= possible.min && value <= possible.max;

const isPlausible = (limit: VitalLimit, value: number, ageDays: number): boolean => {
  const row = limit.plausible.find(
    ({ maxAgeDays }) => maxAgeDays === undefined || ageDays <= maxAgeDays,
  );
  return row === undefined || (value >= row.min && value <= row.max);
};

const implausible = (limit: VitalLimit): VitalWarning => ({
  ...titled(limit),
  code: 'VITAL_IMPLAUSIBLE',
  field: limit.field,
  severity: 'WARNING',
});

const titled = ({ title, translations }: Titled): Titled =>
  translations === undefined ? { title } : { title, translations };

const refusal = (limit: VitalLimit, code: ImpossibleVital['code']): ImpossibleVital => ({
  code,
  field: limit.field,
  unit: limit.unit,
  ...limit.possible,
});

/** A fundal height in centimetres is about the weeks of pregnancy from 20 to 36 weeks. */
const fundalHeightWarning = (heightCm: number, context: VitalsContext): VitalWarning[] => {
  const { fromWeeks, untilWeeks, toleranceCm, alert } = vitalLimits.fundalHeight;
  if (context.pregnant !== true || context.gestationalAgeDays === undefined) return [];
  const weeks = Math.floor(context.gestationalAgeDays / 7);
  const measurable = weeks >= fromWeeks && weeks <= untilWeeks;
  if (!measurable || Math.abs(heightCm - weeks) <= toleranceCm) return [];
  return [
    { ...titled(alert), code: alert.code, severity: alert.severity, field: 'fundalHeightCm' },
  ];
};

const pressureRefusal = (vitals: Vitals): ImpossibleVital[] => {
  const { systolicMmHg, diastolicMmHg } = vitals;
  const limit = findVitalLimit('diastolicMmHg');
  if (systolicMmHg === undefined || diastolicMmHg === undefined || limit === undefined) return [];
  return diastolicMmHg < systolicMmHg ? [] : [refusal(limit, 'DIASTOLIC_NOT_BELOW_SYSTOLIC')];
};

/**
 * What the vitals of a checkup say: values to refuse, values to ask back, findings, danger signs.
 *
 * A value that is not a finite number is impossible. An implausible value is still assessed:
 * a danger sign must not hide behind a doubt.
 *
 * @param vitals values in the units of their names; fields left out are not assessed
 * @param context age in days, pregnancy and so on
 * @source see `vital-limits.json`: WHO ANC 2016, WHO IMCI, WHO haemoglobin 2011, FIGO 2015
 * @example assessVitals({ systolicMmHg: 165, diastolicMmHg: 112 }, { ageDays: 9000, pregnant: true })
 *   .dangerSigns[0]?.code // 'PREG_SEVERE_HYPERTENSION'
 */
export const assessVitals = (vitals: Vitals, context: VitalsContext): VitalsAssessment => {
  const impossible: ImpossibleVital[] = [...pressureRefusal(vitals)];
  const warnings: VitalWarning[] = [];
  const signs = new Map<string, DangerSign>();
  for (const limit of vitalLimits.entries) {
    const value = vitals[limit.field];
    if (value === undefined) continue;
    if (!isPossible(limit, value)) {
      impossible.push(refusal(limit, 'VITAL_IMPOSSIBLE'));
      continue;
    }
    if (!isPlausible(limit, value, context.ageDays)) warnings.push(implausible(limit));
    const alert = limit.alerts.find((one) => applies(one.when, context) && crosses(one, value));
    if (alert === undefined) continue;
    const { code, severity } = alert;
    warnings.push({ ...titled(alert), code, severity, field: limit.field });
    const sign = findDangerSign(alert.dangerSign ?? '');
    if (sign !== undefined) signs.set(sign.code, sign);
  }
  if (vitals.fundalHeightCm !== undefined) {
    warnings.push(...fundalHeightWarning(vitals.fundalHeightCm, context));
  }
  return { impossible, warnings, dangerSigns: [...signs.values()] };
};
