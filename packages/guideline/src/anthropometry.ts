/** Categories of mid-upper arm circumference of children of 6 to 59 months. */
export type MuacCategory = 'SEVERE_ACUTE_MALNUTRITION' | 'MODERATE_ACUTE_MALNUTRITION' | 'NORMAL';

const SEVERE_BELOW_MM = 115;
const MODERATE_BELOW_MM = 125;
const SIX_MONTHS_DAYS = 182;
const FIVE_YEARS_DAYS = 1826;

/**
 * Body mass index in kg/m², to one decimal.
 *
 * @param weightKg weight in kilograms
 * @param heightCm height in centimetres
 * @throws RangeError when either is not a positive number
 * @source WHO Technical Report Series 894
 * @example bmi(60, 165) // 22
 */
export const bmi = (weightKg: number, heightCm: number): number => {
  const positive =
    weightKg > 0 && heightCm > 0 && Number.isFinite(weightKg) && Number.isFinite(heightCm);
  if (!positive) throw new RangeError('Weight and height must be positive');
  return Math.round((weightKg / (heightCm / 100) ** 2) * 10) / 10;
};

/**
 * The category of a mid-upper arm circumference.
 *
 * @param muacMm circumference in millimetres
 * @param ageDays age in days
 * @returns the category, or undefined outside 6 to 59 months, where the limits do not hold
 * @source WHO and UNICEF, WHO child growth standards and severe acute malnutrition (2009)
 * @example muacCategory(118, 400) // 'MODERATE_ACUTE_MALNUTRITION'
 */
export const muacCategory = (muacMm: number, ageDays: number): MuacCategory | undefined => {
  if (ageDays < SIX_MONTHS_DAYS || ageDays > FIVE_YEARS_DAYS) return undefined;
  if (muacMm < SEVERE_BELOW_MM) return 'SEVERE_ACUTE_MALNUTRITION';
  return muacMm < MODERATE_BELOW_MM ? 'MODERATE_ACUTE_MALNUTRITION' : 'NORMAL';
};
