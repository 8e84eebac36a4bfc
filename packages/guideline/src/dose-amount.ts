import type { Amount, Presentation } from './medicine.ts';

/** Masses in micrograms; other units convert only to themselves. */
const micrograms: Readonly<Record<string, number>> = { ug: 1, mg: 1_000, g: 1_000_000, kg: 1e9 };

/**
 * An amount in another unit of the same kind.
 *
 * @returns the value, or undefined when the units cannot be compared
 * @example convertAmount({ value: 0.5, unit: 'g' }, 'mg') // 500
 */
export const convertAmount = ({ value, unit }: Amount, to: string): number | undefined => {
  if (unit === to) return value;
  const [from, target] = [micrograms[unit], micrograms[to]];
  return from === undefined || target === undefined ? undefined : (value * from) / target;
};

/**
 * What a dose of so many tablets or millilitres of a presentation contains.
 *
 * @param dose in UCUM: {tbl}, {actuat}, [drp] and the like count pieces, mL measures a liquid
 * @param presentation the form and strength
 * @returns the amount of active substance, or the dose as it is when it names that already
 * @example doseContent({ value: 2, unit: '{tbl}' }, amoxicillin250) // { value: 500, unit: 'mg' }
 */
export const doseContent = (dose: Amount, presentation: Presentation | undefined): Amount => {
  if (presentation === undefined) return dose;
  const { value, unit, per } = presentation.amount;
  const pieces = dose.unit.startsWith('{');
  if (pieces && (per === undefined || per.unit === dose.unit)) {
    return { value: (dose.value * value) / (per?.value ?? 1), unit };
  }
  if (dose.unit !== per?.unit) return dose;
  return { value: (dose.value * value) / per.value, unit };
};
