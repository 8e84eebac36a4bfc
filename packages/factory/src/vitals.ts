import type { Vitals } from './operation-input.ts';
import type { Random } from './random.ts';

/** What makes a measurement differ from that of somebody in health. */
export interface Condition {
  readonly feverish?: boolean;
  readonly hypertensive?: boolean;
  readonly diabetic?: boolean;
}

/** Usual weight and height by age: years, kilograms, centimetres. */
const growth = [
  [0, 3.2, 50],
  [0.25, 5.8, 60],
  [0.5, 7.3, 66],
  [1, 9.1, 75],
  [2, 11.6, 87],
  [3, 13.7, 95],
  [5, 17.5, 109],
  [8, 24.5, 127],
  [12, 38, 148],
  [15, 49, 160],
  [18, 54, 163],
  [120, 60, 163],
] as const;

/** Weight in kilograms and height in centimetres that suit an age. */
export function bodySize(random: Random, ageDays: number): { weightKg: number; heightCm: number } {
  const age = ageDays / 365.25;
  const above = Math.max(
    1,
    growth.findIndex(([years]) => years > age),
  );
  const [before, after] = [growth[above - 1], growth[above]];
  if (before === undefined || after === undefined) throw new RangeError('an age that nobody has');
  const share = (age - before[0]) / (after[0] - before[0]);
  const between = (column: 1 | 2) => before[column] + share * (after[column] - before[column]);
  const weightKg = between(1) * random.decimal(0.9, 1.1, 2);
  const heightCm = between(2) * random.decimal(0.97, 1.03, 2);
  return { weightKg: round(weightKg), heightCm: round(heightCm) };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

/** The vitals of an adult at a visit. */
export function adultVitals(random: Random, ageDays: number, condition: Condition = {}): Vitals {
  const { hypertensive = false, diabetic = false } = condition;
  const systolicMmHg = hypertensive ? random.int(142, 168) : random.int(104, 132);
  return {
    systolicMmHg,
    diastolicMmHg: hypertensive ? random.int(90, 104) : random.int(64, 84),
    ...fever(random, condition, [64, 88], [14, 18]),
    ...bodySize(random, ageDays),
    ...(diabetic ? { glucoseMmolL: random.decimal(7.4, 12, 1), glucoseFasting: true } : {}),
  };
}

/** The vitals of a child at a visit; pulse and breathing are faster the younger it is. */
export function childVitals(random: Random, ageDays: number, condition: Condition = {}): Vitals {
  const age = ageDays / 365.25;
  const pulse: Range = age < 1 ? [110, 145] : age < 5 ? [95, 125] : [75, 105];
  const breathing: Range = age < 1 ? [32, 46] : age < 5 ? [24, 34] : [18, 24];
  const thin = random.chance(0.06);
  return {
    ...fever(random, condition, pulse, breathing),
    ...bodySize(random, ageDays),
    ...(age >= 0.5 && age < 5
      ? { muacMm: thin ? random.int(116, 124) : random.int(132, 165) }
      : {}),
  };
}

type Range = readonly [min: number, max: number];

function fever(random: Random, { feverish = false }: Condition, pulse: Range, breathing: Range) {
  return {
    pulsePerMin: random.int(...pulse) + (feverish ? 12 : 0),
    respiratoryRatePerMin: random.int(...breathing),
    temperatureCelsius: feverish ? random.decimal(38, 39.2, 1) : random.decimal(36.3, 37.2, 1),
    spo2Percent: random.int(96, 99),
  };
}

/** The vitals of a healthy pregnancy at an antenatal visit. */
export function antenatalVitals(random: Random, ageDays: number, gestationDays: number): Vitals {
  const weeks = Math.floor(gestationDays / 7);
  const { weightKg, heightCm } = bodySize(random, ageDays);
  const fetal = {
    fundalHeightCm: weeks + random.int(-1, 1),
    fetalHeartRatePerMin: random.int(124, 152),
  };
  return {
    systolicMmHg: random.int(100, 128),
    diastolicMmHg: random.int(62, 82),
    pulsePerMin: random.int(72, 96),
    temperatureCelsius: random.decimal(36.4, 37.2, 1),
    // About ten kilograms over a pregnancy.
    weightKg: round(Math.max(42, weightKg) + (weeks / 40) * 10),
    heightCm: Math.max(146, heightCm),
    haemoglobinGdl: random.chance(0.25) ? random.decimal(8.6, 10.8, 1) : random.decimal(11, 13, 1),
    ...(weeks >= 20 && weeks <= 40 ? fetal : {}),
  };
}
