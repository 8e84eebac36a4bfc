import { expect, test } from 'vitest';
import { loinc, measurement } from '../fixtures/bundle.ts';
import { observation } from '../fhir/facts.ts';
import { hasVitals, readVitals } from './vital-sign.ts';

const read = (code: string, value: number, unit: string) =>
  readVitals(observation.parse(measurement('o', 'p', [code, value, unit])));

test.each([
  ['8867-4', 72.4, '/min', 'pulsePerMin', 72],
  ['9279-1', 18, '{breaths}/min', 'respiratoryRatePerMin', 18],
  ['8310-5', 98.6, '[degF]', 'temperatureCelsius', 37],
  ['8331-1', 38.25, 'Cel', 'temperatureCelsius', 38.25],
  ['2708-6', 97, '%', 'spo2Percent', 97],
  ['59408-5', 0.97, '1', 'spo2Percent', 97],
  ['29463-7', 150, '[lb_av]', 'weightKg', 68.039],
  ['29463-7', 3_250, 'g', 'weightKg', 3.25],
  ['8302-2', 65, '[in_i]', 'heightCm', 165.1],
  ['8302-2', 1.7, 'm', 'heightCm', 170],
  ['718-7', 112, 'g/L', 'haemoglobinGdl', 11.2],
  ['2339-0', 90, 'mg/dL', 'glucoseMmolL', 5],
  ['2345-7', 5.4, 'mmol/L', 'glucoseMmolL', 5.4],
  ['56072-2', 12.4, 'cm', 'muacMm', 124],
  ['8480-6', 16, 'kPa', 'systolicMmHg', 120],
])('LOINC %s of %d %s is %s %d', (code, value, unit, name, expected) => {
  expect(read(code, value, unit)).toEqual({
    values: [{ name, value: expected, path: 'valueQuantity' }],
    problems: [],
  });
});

test('the parts of a blood pressure are values of their own', () => {
  const pressure = observation.parse({
    status: 'final',
    code: loinc('85354-9'),
    component: [
      { code: loinc('8480-6'), valueQuantity: { value: 118.6, code: 'mm[Hg]' } },
      { code: loinc('8462-4'), valueQuantity: { value: 7, code: 'mm[Hg]' } },
    ],
  });
  expect(readVitals(pressure)).toEqual({
    values: [{ name: 'systolicMmHg', value: 119, path: 'component[0].valueQuantity' }],
    problems: [{ code: 'VALUE_IMPOSSIBLE', path: 'component[1].valueQuantity' }],
  });
});

test.each([
  ['a unit of another measurement', { value: 60, code: '/min' }, 'UNIT_UNKNOWN'],
  ['no unit: pounds or kilograms?', { value: 150 }, 'UNIT_UNKNOWN'],
  ['a limit instead of a value', { value: 60, code: 'kg', comparator: '<' }, 'VALUE_INEXACT'],
  ['a weight of nobody', { value: 900, code: 'kg' }, 'VALUE_IMPOSSIBLE'],
])('%s is told and left out', (_what, valueQuantity, code) => {
  const weight = observation.parse(measurement('o', 'p', ['29463-7', 1, 'kg'], { valueQuantity }));
  expect(readVitals(weight)).toEqual({ values: [], problems: [{ code, path: 'valueQuantity' }] });
});

test('a fasting glucose says so', () => {
  expect(read('1558-6', 5, 'mmol/L').values).toMatchObject([
    { name: 'glucoseMmolL', fasting: true },
  ]);
});

test('other results are no vitals, nor is a vital without a value', () => {
  expect(hasVitals(observation.parse(measurement('o', 'p', ['2093-3', 5, 'mmol/L'])))).toBe(false);
  const empty = { valueQuantity: undefined };
  const weight = observation.parse(measurement('o', 'p', ['29463-7', 1, 'kg'], empty));
  expect(hasVitals(weight)).toBe(false);
});
