import { expect, test } from 'vitest';
import { nameInReference, namesOf } from './identity.ts';

const uuid = '3190019b-9001-4e31-a3c4-380b12b8002a';
const source = 'urn:test';

const patient = { source, type: 'Patient', id: uuid, fullUrl: `urn:uuid:${uuid}` };

test.each([
  ['a URN', patient, { reference: `urn:uuid:${uuid.toUpperCase()}` }],
  ['type and UUID', patient, { reference: `Patient/${uuid}` }],
  ['a version of it', patient, { reference: `Patient/${uuid}/_history/3` }],
  ['the URL of a server', patient, { reference: `https://fhir.test/r4/Patient/${uuid}` }],
  ['type and id', { source, type: 'Patient', id: '12' }, { reference: 'Patient/12' }],
  [
    'a condition',
    { source, type: 'Patient', identifiers: [{ system: 'urn:a', value: 'x y' }] },
    { reference: 'Patient?identifier=urn:a|x%20y' },
  ],
  [
    'an identifier',
    { source, type: 'Patient', identifiers: [{ system: 'urn:a', value: '7' }] },
    { identifier: { system: 'urn:a', value: '7' } },
  ],
])('a reference by %s names the resource', (_by, named, reference) => {
  expect(namesOf(named)).toContain(nameInReference(reference, 'Patient', { source }));
});

test('ids of two servers are two names, also when the ids are equal', () => {
  const one = namesOf({
    source,
    type: 'Patient',
    id: '1',
    fullUrl: 'https://a.test/fhir/Patient/1',
  });
  const two = namesOf({
    source,
    type: 'Patient',
    id: '1',
    fullUrl: 'https://b.test/fhir/Patient/1',
  });
  expect(one).not.toEqual(two);
  const from = { source, fullUrl: 'https://a.test/fhir/Encounter/9' };
  expect(one).toContain(nameInReference({ reference: 'Patient/1' }, 'Patient', from));
});

test.each([
  [{ reference: 'Group/1' }],
  [{ reference: '#contained' }],
  [{ display: 'Asha' }],
  [{ reference: 'Practitioner?identifier=urn:a|7' }],
])('%j names no patient', (reference) => {
  expect(nameInReference(reference, 'Patient', { source })).toBeUndefined();
});
