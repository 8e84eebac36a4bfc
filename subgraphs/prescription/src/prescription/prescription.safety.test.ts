import { expect, test } from 'vitest';
import { assessItems, fieldOfFinding, type ItemToAssess } from './prescription.safety.ts';

const amoxicillin: ItemToAssess = {
  medicineCode: 'J01CA04-CAP-250MG',
  atcCode: 'J01CA04',
  doseQuantity: 2,
  doseUnit: '{capsule}',
  route: 'PO',
  frequencyPerDay: 3,
  durationDays: 5,
};
const subject = { ageDays: 12_000, pregnant: false };
const nothing = { subject, allergies: [], otherMedicines: [] };
const codes = (...args: Parameters<typeof assessItems>) =>
  assessItems(...args).map((findings) =>
    findings.map(({ code, severity }) => `${severity} ${code}`),
  );

test('a dose in pieces is held against the limits by the strength of the product', () => {
  expect(codes([amoxicillin], nothing)).toEqual([[]]);
  const tenfold = { ...amoxicillin, doseQuantity: 20 };
  expect(codes([tenfold], nothing)).toEqual([['ERROR DOSE_ABOVE_MAXIMUM']]);
});

test('items of one prescription are held against each other', () => {
  const warfarin = { atcCode: 'B01AA03', medicineCode: null };
  const ibuprofen = { atcCode: 'M01AE01', medicineCode: null };
  const found = (items: ItemToAssess[], otherMedicines: string[]) =>
    assessItems(items, { ...nothing, otherMedicines }).map((findings) => [
      ...new Set(findings.map(({ code, about }) => `${code} ${about}`)),
    ]);
  expect(found([warfarin, ibuprofen], [])).toEqual([
    ['INTERACTION M01AE01'],
    ['INTERACTION B01AA03'],
  ]);
  expect(found([warfarin], ['M01AE01'])).toEqual([['INTERACTION M01AE01']]);
});

test('an allergy to a group, an ATC group or a medicine meets the medicine, another does not', () => {
  const allergic = (over: object) => ({
    ...nothing,
    allergies: [{ atcCode: null, groupCode: null, medicine: null, ...over }],
  });
  for (const over of [
    { groupCode: 'penicillins' },
    { atcCode: 'J01C' },
    { atcCode: 'J01' },
    { medicine: { atcCode: 'J01CA04' } },
  ]) {
    expect(codes([amoxicillin], allergic(over))).toEqual([['ERROR ALLERGY']]);
  }
  expect(codes([amoxicillin], allergic({ atcCode: 'J01F' }))).toEqual([[]]);
  expect(codes([amoxicillin], allergic({ groupCode: 'nsaids' }))).toEqual([[]]);
});

test('what another system wrote without a dose is held against allergies only', () => {
  const bare = { atcCode: 'J01CA04' };
  const allergies = [{ atcCode: null, groupCode: 'penicillins', medicine: null }];
  const background = { subject: undefined, allergies, otherMedicines: [] };
  expect(codes([bare], background)).toEqual([['ERROR ALLERGY']]);
  expect(codes([{ atcCode: undefined }], background)).toEqual([[]]);
});

test('a finding points at the field that it is about', () => {
  const field = (code: string) => fieldOfFinding({ code, severity: 'ERROR' });
  expect(field('ROUTE_NOT_AVAILABLE')).toBe('route');
  expect(field('DOSE_ABOVE_MAXIMUM')).toBe('doseQuantity');
  expect(field('DURATION_ABOVE_MAXIMUM')).toBe('durationDays');
  expect(field('ALLERGY')).toBe('medicineCode');
});
