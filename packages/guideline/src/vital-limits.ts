import unitsFile from '../data/units.json' with { type: 'json' };
import vitalLimitsFile from '../data/vital-limits.json' with { type: 'json' };
import type { ContentFile, Titled } from './clinical-content.ts';

/** The measurements of a checkup, each in the unit that its name ends in. */
export interface Vitals {
  readonly systolicMmHg?: number | undefined;
  readonly diastolicMmHg?: number | undefined;
  readonly pulsePerMinute?: number | undefined;
  readonly temperatureCelsius?: number | undefined;
  readonly spo2Percent?: number | undefined;
  readonly respiratoryRatePerMinute?: number | undefined;
  readonly weightKg?: number | undefined;
  readonly heightCm?: number | undefined;
  readonly muacMm?: number | undefined;
  readonly haemoglobinGPerDl?: number | undefined;
  readonly glucoseMgPerDl?: number | undefined;
  readonly fundalHeightCm?: number | undefined;
  readonly fetalHeartRatePerMinute?: number | undefined;
}

export type VitalField = keyof Vitals;

/** Whom an alert is about; a condition left out holds for everyone. Ages include both ends. */
export interface AlertCondition {
  readonly pregnant?: boolean;
  readonly postpartum?: boolean;
  readonly fasting?: boolean;
  readonly sex?: string;
  readonly minAgeDays?: number;
  readonly maxAgeDays?: number;
}

/** A threshold; the first alert of a vital that applies is the one that counts. */
export interface VitalAlert extends Titled {
  readonly code: string;
  readonly severity: 'WARNING' | 'DANGER';
  /** Code of `danger-signs.json`. */
  readonly dangerSign?: string;
  readonly when: AlertCondition;
  readonly atLeast?: number;
  readonly above?: number;
  readonly below?: number;
}

export interface VitalLimit extends Titled {
  readonly field: VitalField;
  readonly code: string;
  /** UCUM code. */
  readonly unit: string;
  readonly loinc: string;
  /** A value outside is refused: nobody alive has it. */
  readonly possible: { readonly min: number; readonly max: number };
  /** A value outside is asked back; the first row whose age fits counts. */
  readonly plausible: readonly {
    readonly maxAgeDays?: number;
    readonly min: number;
    readonly max: number;
  }[];
  readonly alerts: readonly VitalAlert[];
}

/** How far a fundal height may be from the weeks of pregnancy. */
export interface FundalHeightRule {
  readonly fromWeeks: number;
  readonly untilWeeks: number;
  readonly toleranceCm: number;
  readonly alert: Titled & { readonly code: string; readonly severity: 'WARNING' | 'DANGER' };
}

/** A unit of measure: UCUM code, name, and how a screen shows it. */
export interface Unit extends Titled {
  readonly code: string;
  readonly display: string;
}

// Checked entry by entry in content.test.ts; the inferred types have string where these have codes.
export const vitalLimits = vitalLimitsFile as unknown as ContentFile<VitalLimit> & {
  readonly fundalHeight: FundalHeightRule;
};
export const units: ContentFile<Unit> = unitsFile;

/**
 * The limits of one vital.
 *
 * @example findVitalLimit('haemoglobinGPerDl')?.loinc // '718-7'
 */
export const findVitalLimit = (field: string): VitalLimit | undefined =>
  vitalLimits.entries.find((limit) => limit.field === field);

/**
 * The limits of the vital that a LOINC code names, as records of other systems carry it.
 *
 * @example findVitalByLoinc('8480-6')?.field // 'systolicMmHg'
 */
export const findVitalByLoinc = (loinc: string): VitalLimit | undefined =>
  vitalLimits.entries.find((limit) => limit.loinc === loinc);
