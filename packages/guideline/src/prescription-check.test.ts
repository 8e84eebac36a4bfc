import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { convertAmount } from './dose-amount.ts';
import { findMedicine, medicines } from './medicine.ts';
import { checkPrescriptionItem } from './prescription-check.ts';
import type { PrescriptionItemToCheck } from './prescription-check.ts';

const adult = { ageDays: 30 * 365, weightKg: 60 };
const item = (change: Partial<PrescriptionItemToCheck>): PrescriptionItemToCheck => ({
  medicine: 'J01CA04', dose: { value: 500, unit: 'mg' }, timesPerDay: 3, route: 'PO', durationDays: 5,
  patient: adult, allergies: [], otherMedicines: [], ...change,
}); // prettier-ignore
const found = (change: Partial<PrescriptionItemToCheck>): string => {
  const { errors, warnings } = checkPrescriptionItem(item(change));
  return [
    ...errors.map(({ code }) => code),
    ...warnings.map(({ code }) => code.toLowerCase()),
  ].join(' ');
};
const mg = (value: number) => ({ value, unit: 'mg' });

describe('one item of a prescription (errors in capitals)', () => {
  it.each<[string, Partial<PrescriptionItemToCheck>, string]>([
    ['usual amoxicillin', {}, ''],
    ['not a medicine', { medicine: 'X99XX99' }, 'UNKNOWN_MEDICINE'],
    ['another medicine’s tablet', { presentation: 'N02BE01-TAB-500MG' }, 'UNKNOWN_PRESENTATION'],
    ['a route it has not', { route: 'PR' }, 'ROUTE_NOT_AVAILABLE'],
    [
      'a route this form has not',
      { presentation: 'J01CA04-CAP-250MG', route: 'IV' },
      'ROUTE_NOT_AVAILABLE',
    ],
    ['no dose', { dose: mg(0) }, 'DOSE_NOT_POSITIVE'],
    ['not a number', { dose: mg(Number.NaN) }, 'DOSE_NOT_POSITIVE'],
    ['no duration', { durationDays: 0 }, 'DURATION_NOT_POSITIVE'],
    [
      'paracetamol 1 g × 4',
      { medicine: 'N02BE01', dose: { value: 1, unit: 'g' }, timesPerDay: 4 },
      '',
    ],
    [
      'paracetamol 1 g × 5',
      { medicine: 'N02BE01', dose: { value: 1, unit: 'g' }, timesPerDay: 5 },
      'DOSE_ABOVE_MAXIMUM',
    ],
    [
      '2 capsules of 500 mg × 3',
      { presentation: 'J01CA04-CAP-500MG', dose: { value: 2, unit: '{tbl}' } },
      '',
    ],
    [
      '20 capsules of 500 mg',
      { presentation: 'J01CA04-CAP-500MG', dose: { value: 20, unit: '{tbl}' } },
      'DOSE_ABOVE_MAXIMUM',
    ],
    ['tablets of unknown strength', { dose: { value: 2, unit: '{tbl}' } }, 'unit_not_comparable'],
    ['a child without a weight', { patient: { ageDays: 900 }, dose: mg(250) }, 'weight_missing'],
    [
      'a child of 12 kg, 250 mg × 2',
      { patient: { ageDays: 900, weightKg: 12 }, dose: mg(250), timesPerDay: 2 },
      '',
    ],
    [
      'a child of 12 kg, 10 mL of 125/5 × 2',
      {
        patient: { ageDays: 900, weightKg: 12 },
        presentation: 'J01CA04-SYR-125MG_5ML',
        dose: { value: 10, unit: 'mL' },
        timesPerDay: 2,
      },
      '',
    ],
    [
      'a child of 12 kg, too little',
      { patient: { ageDays: 900, weightKg: 12 }, dose: mg(100), timesPerDay: 2 },
      'dose_below_range',
    ],
    [
      'a child of 12 kg, more than the range',
      { patient: { ageDays: 900, weightKg: 12 }, dose: mg(500), timesPerDay: 3 },
      'dose_above_range',
    ],
    [
      'a child of 12 kg, ten times',
      { patient: { ageDays: 900, weightKg: 12 }, dose: mg(2500), timesPerDay: 2 },
      'DOSE_ABOVE_MAXIMUM',
    ],
    [
      'artemether-lumefantrine by band',
      {
        medicine: 'P01BF01',
        patient: { ageDays: 900, weightKg: 12 },
        dose: mg(20),
        timesPerDay: 2,
        durationDays: 3,
      },
      '',
    ],
    [
      'the next band’s dose',
      {
        medicine: 'P01BF01',
        patient: { ageDays: 900, weightKg: 12 },
        dose: mg(40),
        timesPerDay: 2,
        durationDays: 3,
      },
      'dose_above_range',
    ],
    [
      'five days of a three-day course',
      { medicine: 'P01BF01', dose: mg(80), timesPerDay: 2 },
      'duration_above_maximum',
    ],
    [
      'zinc at four months',
      { medicine: 'A12CB01', patient: { ageDays: 120 }, dose: mg(10), timesPerDay: 1 },
      '',
    ],
    [
      'zinc at four months, the older child’s',
      { medicine: 'A12CB01', patient: { ageDays: 120 }, dose: mg(20), timesPerDay: 1 },
      'dose_above_range',
    ],
    [
      'vitamin A at nine months',
      {
        medicine: 'A11CA01',
        patient: { ageDays: 280 },
        dose: { value: 100_000, unit: '[iU]' },
        timesPerDay: 1,
        durationDays: 1,
      },
      '',
    ],
    [
      'ORS',
      {
        medicine: 'A07CA',
        patient: { ageDays: 400 },
        dose: { value: 100, unit: 'mL' },
        timesPerDay: 8,
      },
      '',
    ],
    [
      'doxycycline for a small child',
      {
        medicine: 'J01AA02',
        patient: { ageDays: 900, weightKg: 12 },
        dose: mg(25),
        timesPerDay: 2,
      },
      'AGE_BELOW_MINIMUM',
    ],
    ['penicillin allergy', { allergies: ['penicillins'] }, 'ALLERGY'],
    ['allergy to ampicillin', { allergies: ['J01CA01'] }, 'ALLERGY'],
    [
      'penicillin allergy, ceftriaxone',
      {
        medicine: 'J01DD04',
        route: 'IV',
        dose: { value: 1, unit: 'g' },
        timesPerDay: 1,
        allergies: ['penicillins'],
      },
      'cross_allergy',
    ],
    [
      'sulfa allergy, cotrimoxazole',
      { medicine: 'J01EE01', dose: mg(800), timesPerDay: 2, allergies: ['sulfonamides'] },
      'ALLERGY',
    ],
    ['another allergy', { allergies: ['iodine'] }, ''],
    [
      'valproate in pregnancy',
      { medicine: 'N03AG01', dose: mg(500), timesPerDay: 2, patient: { ...adult, pregnant: true } },
      'PREGNANCY_CONTRAINDICATED',
    ],
    [
      'ibuprofen late in pregnancy',
      { medicine: 'M01AE01', dose: mg(400), patient: { ...adult, pregnant: true, trimester: 3 } },
      'PREGNANCY_CONTRAINDICATED',
    ],
    [
      'ibuprofen earlier',
      { medicine: 'M01AE01', dose: mg(400), patient: { ...adult, pregnant: true, trimester: 2 } },
      'pregnancy_caution',
    ],
    [
      'methyldopa in pregnancy',
      { medicine: 'C02AB01', dose: mg(250), patient: { ...adult, pregnant: true, trimester: 3 } },
      '',
    ],
    [
      'warfarin and ibuprofen',
      { medicine: 'M01AE01', dose: mg(400), otherMedicines: ['B01AA03'] },
      'interaction interaction',
    ],
    [
      'ceftriaxone and calcium',
      {
        medicine: 'J01DD04',
        route: 'IV',
        dose: { value: 1, unit: 'g' },
        timesPerDay: 1,
        otherMedicines: ['A12AA03'],
      },
      'INTERACTION',
    ],
    ['the same twice', { otherMedicines: ['J01CA04'] }, 'duplicate_medicine'],
    ['an unknown other', { otherMedicines: ['HERB'] }, ''],
  ])('%s', (_name, change, expected) => expect(found(change)).toBe(expected));

  it('says the limit and the rule', () => {
    const verdict = checkPrescriptionItem(
      item({ medicine: 'N02BE01', dose: mg(2000), otherMedicines: ['B01AA03'] }),
    );
    expect(verdict.errors).toEqual([{ code: 'DOSE_ABOVE_MAXIMUM', limit: 4, unit: 'g' }]);
    const pair = checkPrescriptionItem(
      item({ medicine: 'M01AE01', dose: mg(400), otherMedicines: ['B01AA03'] }),
    );
    expect(pair.warnings[0]).toEqual({
      code: 'INTERACTION',
      rule: 'INT-001',
      severity: 'MAJOR',
      with: 'B01AA03',
    });
  });

  it('converts masses and nothing else', () => {
    expect(convertAmount({ value: 0.5, unit: 'g' }, 'mg')).toBe(500);
    expect(convertAmount({ value: 5, unit: 'mL' }, 'mg')).toBeUndefined();
    expect(findMedicine('X')).toBeUndefined();
  });

  it('never throws, and a larger dose never loses its maximum error', () => {
    const some = fc.constantFrom(...medicines.entries.map(({ atc }) => atc));
    fc.assert(
      fc.property(
        some,
        some,
        fc.double({ min: 0.001, max: 1e6, noNaN: true }),
        fc.integer({ min: 0, max: 30_000 }),
        fc.double({ min: 1, max: 120, noNaN: true }),
        (medicine, other, value, ageDays, weightKg) => {
          const check = (amount: number) =>
            found({
              medicine,
              dose: mg(amount),
              timesPerDay: 2,
              patient: { ageDays, weightKg },
              otherMedicines: [other],
            });
          const [small, large] = [check(value), check(value * 3)];
          if (small.includes('DOSE_ABOVE_MAXIMUM')) expect(large).toContain('DOSE_ABOVE_MAXIMUM');
        },
      ),
      { numRuns: 500 },
    );
  });
});
