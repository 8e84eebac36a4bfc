import { convertAmount } from './dose-amount.ts';
import type { Amount, DoseBand, Medicine, WeightDose } from './medicine.ts';

/** The patient, as far as a dose depends on it. */
export interface DosePatient {
  readonly ageDays: number;
  readonly weightKg?: number;
}

/** A finding about the amount; `limit` is in `unit`, so that a screen can say what is right. */
export interface DoseFinding {
  readonly code:
    | 'DOSE_NOT_POSITIVE'
    | 'DOSE_ABOVE_MAXIMUM'
    | 'DOSE_ABOVE_RANGE'
    | 'DOSE_BELOW_RANGE'
    | 'UNIT_NOT_COMPARABLE'
    | 'WEIGHT_MISSING'
    | 'AGE_BELOW_MINIMUM';
  readonly level: 'ERROR' | 'WARNING';
  readonly limit?: number;
  readonly unit?: string;
}

/** From here on a patient is dosed as an adult unless a weight band says otherwise. */
const ADULT_DAYS = 18 * 365;
const ADULT_KG = 50;
/** Rounding to whole tablets must not raise a warning. */
const TOLERANCE = 1.1;

const above = (
  amount: Amount,
  limit: Amount | undefined,
  level: DoseFinding['level'],
): DoseFinding[] => {
  if (limit === undefined) return [];
  const value = convertAmount(amount, limit.unit);
  if (value === undefined)
    return [{ code: 'UNIT_NOT_COMPARABLE', level: 'WARNING', unit: limit.unit }];
  const code = level === 'ERROR' ? 'DOSE_ABOVE_MAXIMUM' : 'DOSE_ABOVE_RANGE';
  return value > limit.value ? [{ code, level, limit: limit.value, unit: limit.unit }] : [];
};

const perDay = (dose: Amount, times: number): Amount => ({ ...dose, value: dose.value * times });

/** The limits of one kilogram, held against the weight. Far above the range is an error. */
const checkWeightDose = (
  rule: WeightDose,
  dose: Amount,
  timesPerDay: number,
  weightKg: number,
): DoseFinding[] => {
  const { unit } = rule;
  const amount = rule.basis === 'DAY' ? perDay(dose, timesPerDay) : dose;
  const value = convertAmount(amount, unit);
  if (value === undefined) return [{ code: 'UNIT_NOT_COMPARABLE', level: 'WARNING', unit }];
  const [low, high] = [rule.minPerKg * weightKg, rule.maxPerKg * weightKg];
  const cap = rule.maxPerDay === undefined ? undefined : { value: rule.maxPerDay, unit };
  const findings = above(perDay(dose, timesPerDay), cap, 'ERROR');
  if (value > high * 2)
    findings.push({ code: 'DOSE_ABOVE_MAXIMUM', level: 'ERROR', limit: high, unit });
  else if (value > high * TOLERANCE)
    findings.push({ code: 'DOSE_ABOVE_RANGE', level: 'WARNING', limit: high, unit });
  const capped = cap !== undefined && low > cap.value;
  if (!capped && value < low / TOLERANCE) {
    findings.push({ code: 'DOSE_BELOW_RANGE', level: 'WARNING', limit: low, unit });
  }
  return findings;
};

const inBand = (band: DoseBand, { ageDays, weightKg }: DosePatient): boolean =>
  (band.minKg === undefined || (weightKg !== undefined && weightKg >= band.minKg)) &&
  (band.belowKg === undefined || (weightKg !== undefined && weightKg < band.belowKg)) &&
  (band.minAgeDays === undefined || ageDays >= band.minAgeDays) &&
  (band.maxAgeDays === undefined || ageDays <= band.maxAgeDays);

/** A band names a day's amount; half or double of it is not what the guideline hands out. */
const checkBand = (band: DoseBand, dose: Amount, timesPerDay: number): DoseFinding[] => {
  const { unit } = band.dose;
  const wanted = band.dose.value * band.timesPerDay;
  const value = convertAmount(perDay(dose, timesPerDay), unit);
  if (value === undefined) return [{ code: 'UNIT_NOT_COMPARABLE', level: 'WARNING', unit }];
  if (value > wanted * 2)
    return [{ code: 'DOSE_ABOVE_MAXIMUM', level: 'ERROR', limit: wanted, unit }];
  if (value > wanted * TOLERANCE)
    return [{ code: 'DOSE_ABOVE_RANGE', level: 'WARNING', limit: wanted, unit }];
  if (value < wanted / TOLERANCE)
    return [{ code: 'DOSE_BELOW_RANGE', level: 'WARNING', limit: wanted, unit }];
  return [];
};

const checkChild = (
  medicine: Medicine,
  dose: Amount,
  timesPerDay: number,
  patient: DosePatient,
): DoseFinding[] => {
  const { paediatric, bands } = medicine;
  // ORS is drunk as often as stools come: its band names the least, and there is no most.
  if (bands !== undefined && bands[0]?.dose.unit === 'mL') return [];
  if (paediatric !== undefined) {
    if (patient.weightKg === undefined) return [{ code: 'WEIGHT_MISSING', level: 'WARNING' }];
    return checkWeightDose(paediatric, dose, timesPerDay, patient.weightKg);
  }
  const byWeight =
    bands?.some((band) => band.minKg !== undefined || band.belowKg !== undefined) === true;
  if (byWeight && patient.weightKg === undefined)
    return [{ code: 'WEIGHT_MISSING', level: 'WARNING' }];
  const band = bands?.find((one) => inBand(one, patient));
  return band === undefined ? [] : checkBand(band, dose, timesPerDay);
};

/**
 * Whether the amount of a prescription suits the patient.
 *
 * Children are held against the range for a kilogram or the band of their weight or age, and
 * never beyond the adult maximum; patients of 18 years, or of 50 kg and 12 years, are adults.
 *
 * @param medicine the medicine
 * @param dose one dose as active substance
 * @param timesPerDay doses in a day
 * @param patient age in days and weight in kilograms where known
 * @source see `medicines.json`
 */
export const checkDose = (
  medicine: Medicine,
  dose: Amount,
  timesPerDay: number,
  patient: DosePatient,
): readonly DoseFinding[] => {
  const positive = dose.value > 0 && timesPerDay > 0 && Number.isFinite(dose.value * timesPerDay);
  if (!positive) return [{ code: 'DOSE_NOT_POSITIVE', level: 'ERROR' }];
  const findings: DoseFinding[] = [];
  const youngest = Math.max(medicine.minAgeDays ?? 0, medicine.paediatric?.minAgeDays ?? 0);
  if (patient.ageDays < youngest) {
    findings.push({ code: 'AGE_BELOW_MINIMUM', level: 'ERROR', limit: youngest, unit: 'd' });
  }
  const adult =
    patient.ageDays >= ADULT_DAYS ||
    (patient.ageDays >= 12 * 365 && (patient.weightKg ?? 0) >= ADULT_KG);
  if (!adult) findings.push(...checkChild(medicine, dose, timesPerDay, patient));
  findings.push(
    ...above(perDay(dose, timesPerDay), medicine.adult?.maxPerDay, 'ERROR'),
    ...above(dose, medicine.adult?.maxPerDose, 'ERROR'),
  );
  // One line a code: the limit that was met first is the narrower one.
  return findings.filter(
    (one, index) => findings.findIndex(({ code }) => code === one.code) === index,
  );
};
