import type { Quantity } from '../fhir/element.ts';
import type { IssueCode } from '../issue.ts';

/** The units in which the record keeps measurements. */
export type MeasuredUnit = 'mm[Hg]' | '/min' | 'Cel' | '%' | 'kg' | 'cm' | 'mm' | 'g/dL' | 'mmol/L';

type Conversion = number | ((value: number) => number);

const lengthInCm = {
  cm: 1,
  m: 100,
  mm: 0.1,
  '[in_i]': 2.54,
  '[in_us]': 2.54,
  '[ft_i]': 30.48,
} as const;

/**
 * What a value in a UCUM unit is in ours: a factor, or a rule. Source: UCUM 2.1; molar masses of
 * glucose 180.16 g/mol and of the haemoglobin monomer 16,114 g/mol.
 */
const conversions: Readonly<Record<MeasuredUnit, Readonly<Record<string, Conversion>>>> = {
  'mm[Hg]': { 'mm[Hg]': 1, kPa: 7.500_62 },
  '/min': { '/min': 1, '{beats}/min': 1, '{breaths}/min': 1, '{Beats}/min': 1, '/s': 60 },
  Cel: {
    Cel: 1,
    '[degF]': (fahrenheit) => (fahrenheit - 32) / 1.8,
    K: (kelvin) => kelvin - 273.15,
  },
  '%': { '%': 1, '1': 100 },
  kg: { kg: 1, g: 0.001, '[lb_av]': 0.453_592_37, '[oz_av]': 0.028_349_523_125 },
  cm: lengthInCm,
  mm: { cm: 10, m: 1_000, mm: 1, '[in_i]': 25.4, '[in_us]': 25.4 },
  'g/dL': { 'g/dL': 1, 'g/L': 0.1, 'mg/dL': 0.001, 'mmol/L': 1.6114 },
  'mmol/L': { 'mmol/L': 1, 'mg/dL': 1 / 18.016, 'mg/L': 1 / 180.16 },
};

/** What people write for a unit when they give no code. */
const spellings: Readonly<Record<string, string>> = {
  mmHg: 'mm[Hg]',
  'mm Hg': 'mm[Hg]',
  bpm: '/min',
  'beats/min': '/min',
  'beats/minute': '/min',
  'breaths/min': '/min',
  'breaths/minute': '/min',
  '{breaths}/minute': '/min',
  C: 'Cel',
  '°C': 'Cel',
  degC: 'Cel',
  F: '[degF]',
  '°F': '[degF]',
  degF: '[degF]',
  lb: '[lb_av]',
  lbs: '[lb_av]',
  in: '[in_i]',
  inches: '[in_i]',
};

/**
 * A quantity in a unit of the record.
 *
 * A value without a unit is refused: 150 may be pounds or kilograms, and a dose is worked out
 * from it. So is one with a comparator: `<5` is no measurement.
 *
 * @example readQuantity({ value: 98.6, code: '[degF]' }, 'Cel') // { value: 37 }
 */
export function readQuantity(
  { value, comparator, code, unit }: Quantity,
  target: MeasuredUnit,
): { readonly value: number; readonly problem?: never } | { readonly problem: IssueCode } {
  if (comparator !== undefined) return { problem: 'VALUE_INEXACT' };
  const stated = code ?? unit;
  const factors = conversions[target];
  const known = stated === undefined ? undefined : factors[spellings[stated] ?? stated];
  if (value === undefined || known === undefined) return { problem: 'UNIT_UNKNOWN' };
  return { value: typeof known === 'number' ? value * known : known(value) };
}
