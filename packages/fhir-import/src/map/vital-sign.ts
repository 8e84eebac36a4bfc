import { findVitalByLoinc, findVitalLimit, type VitalField } from '@caregraph/guideline';
import type { Concept, Quantity } from '../fhir/element.ts';
import type { FhirObservation } from '../fhir/facts.ts';
import type { IssueCode } from '../issue.ts';
import { readQuantity, type MeasuredUnit } from './ucum.ts';
import type { VitalsInput } from './input.ts';

export const loinc = 'http://loinc.org';

/** A measurement that the record has a field for. */
export type VitalName = Exclude<keyof VitalsInput, 'glucoseFasting'>;

interface VitalTarget {
  readonly name: VitalName;
  readonly unit: MeasuredUnit;
  readonly decimals: number;
}

const targets: Readonly<Record<VitalField, VitalTarget>> = {
  systolicMmHg: { name: 'systolicMmHg', unit: 'mm[Hg]', decimals: 0 },
  diastolicMmHg: { name: 'diastolicMmHg', unit: 'mm[Hg]', decimals: 0 },
  pulsePerMinute: { name: 'pulsePerMin', unit: '/min', decimals: 0 },
  respiratoryRatePerMinute: { name: 'respiratoryRatePerMin', unit: '/min', decimals: 0 },
  temperatureCelsius: { name: 'temperatureCelsius', unit: 'Cel', decimals: 2 },
  spo2Percent: { name: 'spo2Percent', unit: '%', decimals: 1 },
  weightKg: { name: 'weightKg', unit: 'kg', decimals: 3 },
  heightCm: { name: 'heightCm', unit: 'cm', decimals: 1 },
  muacMm: { name: 'muacMm', unit: 'mm', decimals: 0 },
  haemoglobinGPerDl: { name: 'haemoglobinGdl', unit: 'g/dL', decimals: 2 },
  glucoseMgPerDl: { name: 'glucoseMmolL', unit: 'mmol/L', decimals: 2 },
  fundalHeightCm: { name: 'fundalHeightCm', unit: 'cm', decimals: 1 },
  fetalHeartRatePerMinute: { name: 'fetalHeartRatePerMin', unit: '/min', decimals: 0 },
};

/**
 * Codes for the same measurement beside the one that the guideline names, by place or method.
 * Source: LOINC 2.77.
 */
const alsoKnownAs: Readonly<Record<string, VitalField>> = {
  '8331-1': 'temperatureCelsius', // oral
  '8332-9': 'temperatureCelsius', // rectal
  '8328-7': 'temperatureCelsius', // axillary
  '2708-6': 'spo2Percent', // arterial blood
  '3141-9': 'weightKg', // measured
  '8339-4': 'weightKg', // at birth
  '3137-7': 'heightCm', // measured
  '8306-3': 'heightCm', // lying
  '56071-4': 'muacMm', // left arm
  '2345-7': 'glucoseMgPerDl', // mass in serum or plasma
  '15074-8': 'glucoseMgPerDl', // moles in blood
  '14749-6': 'glucoseMgPerDl', // moles in serum or plasma
  '41653-7': 'glucoseMgPerDl', // capillary, by glucometer
  '1558-6': 'glucoseMgPerDl', // fasting, serum or plasma
  '1556-0': 'glucoseMgPerDl', // fasting, capillary
};
const fastingCodes = new Set(['1558-6', '1556-0']);

/** One value of an observation, in the unit of the record. */
export interface VitalValue {
  readonly name: VitalName;
  readonly value: number;
  readonly fasting?: true;
  /** Below the resource, e.g. `component[1].valueQuantity`. */
  readonly path: string;
}

export interface VitalProblem {
  readonly code: IssueCode;
  readonly path: string;
}

interface Measurement {
  readonly code: Concept;
  readonly valueQuantity?: Quantity | undefined;
}

/** The LOINC codes of a concept. */
export function loincCodes({ coding = [] }: Concept): string[] {
  return coding.flatMap(({ system, code }) => (system === loinc && code !== undefined ? code : []));
}

function findVital(code: Concept): { field: VitalField; fasting: boolean } | undefined {
  for (const one of loincCodes(code)) {
    const field = findVitalByLoinc(one)?.field ?? alsoKnownAs[one];
    if (field !== undefined) return { field, fasting: fastingCodes.has(one) };
  }
  return undefined;
}

/** Tells whether an observation, or one of its components, is a value that a checkup has. */
export function hasVitals({ code, valueQuantity, component = [] }: FhirObservation): boolean {
  return measurements({ code, valueQuantity, component }).length > 0;
}

function measurements({
  code,
  valueQuantity,
  component = [],
}: Pick<FhirObservation, 'code' | 'valueQuantity' | 'component'>) {
  const all: (Measurement & { path: string })[] = [
    { code, valueQuantity, path: 'valueQuantity' },
    ...component.map((one, index) => ({ ...one, path: `component[${index}].valueQuantity` })),
  ];
  return all.flatMap(({ path, valueQuantity: quantity, code: of }) => {
    const vital = findVital(of);
    return vital === undefined || quantity?.value === undefined
      ? []
      : [{ ...vital, quantity, path }];
  });
}

/**
 * The values that an observation has for a checkup, converted and held against what is possible.
 * A value that nobody alive has is told and left out; the others stand.
 *
 * @example readVitals(bloodPressure).values // [{ name: 'systolicMmHg', value: 120, … }, …]
 */
export function readVitals(observation: FhirObservation): {
  readonly values: readonly VitalValue[];
  readonly problems: readonly VitalProblem[];
} {
  const values: VitalValue[] = [];
  const problems: VitalProblem[] = [];
  for (const { field, fasting, quantity, path } of measurements(observation)) {
    const { name, unit, decimals } = targets[field];
    const read = readQuantity(quantity, unit);
    if (read.problem !== undefined) {
      problems.push({ code: read.problem, path });
      continue;
    }
    const value = Number(read.value.toFixed(decimals));
    if (isPossible(field, value)) {
      values.push({ name, value, path, ...(fasting ? { fasting: true } : {}) });
    } else {
      problems.push({ code: 'VALUE_IMPOSSIBLE', path });
    }
  }
  return { values, problems };
}

/** What 1 mmol/L of glucose is in mg/dL, the unit of the guideline's limits. */
const mgPerDlOfMmolPerL = 18.016;

function isPossible(field: VitalField, value: number): boolean {
  const limit = findVitalLimit(field)?.possible;
  if (limit === undefined) return true;
  const compared = field === 'glucoseMgPerDl' ? value * mgPerDlOfMmolPerL : value;
  return compared >= limit.min && compared <= limit.max;
}
