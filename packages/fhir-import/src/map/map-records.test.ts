import { diseases } from '@caregraph/guideline';
import { expect, test } from 'vitest';
import { allergyIntolerance, condition, immunization, medicationRequest } from '../fhir/facts.ts';
import { organization, patient, practitioner, relatedPerson } from '../fhir/people.ts';
import { person } from '../fixtures/bundle.ts';
import { createImportIds } from '../import-ids.ts';
import { mapAllergy } from './allergy.ts';
import { mapCheckup, mapDiagnosis } from './checkup.ts';
import { mapImmunization } from './immunization.ts';
import { mapOrganization, mapPractitioner } from './institution.ts';
import { mapPatient } from './patient.ts';
import { mapPrescription } from './prescription.ts';
import { relationKind } from './relationship.ts';

const recordedAt = '2024-05-04T00:00:00.000Z';
const ids = createImportIds(new Uint8Array(32));
const place = { id: 'id', ids, areaId: 'area', recordedAt };
const moment = { at: recordedAt, day: '2024-05-04' };
const coded = (system: string, code: string, display?: string) => ({
  coding: [{ system, code, ...(display === undefined ? {} : { display }) }],
});
const typed = (code: string) => coded('http://terminology.hl7.org/CodeSystem/v2-0203', code);

test('a patient with all that is read of them', () => {
  const mapped = mapPatient(
    patient.parse(
      person('1', {
        name: [
          { use: 'maiden', family: 'Old' },
          { use: 'official', family: 'Devi', given: ['Asha', 'Rani'], prefix: ['Mrs.'] },
        ],
        deceasedDateTime: '2020-04-05T10:00:00Z',
        telecom: [{ system: 'phone', value: '98 7650 0000' }],
        address: [{ line: ['Ward 4'], city: 'Gaya', country: 'IN' }],
        communication: [{ language: coded('urn:ietf:bcp:47', 'hi') }],
        identifier: [
          { type: typed('MR'), system: 'urn:h', value: 'm-1' },
          { type: typed('MR'), system: 'urn:h', value: 'M 1' },
          { type: typed('SS'), system: 'urn:s', value: '999' },
          { type: typed('PPN'), value: 'X1' },
          { type: typed('DL'), system: 'urn:d', value: 'D1' },
          { system: 'urn:e', value: ' - ' },
        ],
      }),
    ),
    place,
  );
  expect(mapped?.problems).toEqual([{ code: 'IDENTIFIER_INVALID', path: 'identifier[5]' }]);
  expect(mapped?.write).toMatchObject({
    member: 'registerPatient',
    recordedAt,
    input: {
      name: 'Asha Rani Devi',
      sex: 'FEMALE',
      birthDate: '1990-02-01',
      birthDateEstimated: false,
      deceased: true,
      deceasedOn: '2020-04-05',
      phone: '98 7650 0000',
      address: 'Ward 4, Gaya, IN',
      preferredLanguage: 'hi',
      identifiers: [
        { type: 'MRN', system: 'urn:h', value: 'm-1' },
        { type: 'NATIONAL_ID', value: '999' },
        { type: 'PASSPORT', system: '', value: 'X1' },
        { type: 'OTHER', value: 'D1' },
      ],
    },
  });
});

test.each([
  ['1990', '1990-07-01'],
  ['1990-02', '1990-02-15'],
])('born in %s is an estimate', (birthDate, date) => {
  const input = mapPatient(patient.parse(person('1', { birthDate })), place)?.write.input;
  expect(input).toMatchObject({ birthDate: date, birthDateEstimated: true });
});

test('a person without a name is nobody', () => {
  expect(mapPatient(patient.parse(person('1', { name: [{ use: 'old', text: 'X' }] })), place)).toBe(
    undefined,
  );
});

test.each([
  ['St. Anne Hospital', 'prov', 'HOSPITAL'],
  ['City Pharmacy', 'prov', 'PHARMACY'],
  ['North Laboratory', 'prov', 'LABORATORY'],
  ['Dr Rao', 'prov', 'CLINIC'],
  ['Ministry hospital board', 'govt', 'OFFICE'],
])('%s (%s) is a %s', (name, code, kind) => {
  const type = [coded('http://terminology.hl7.org/CodeSystem/organization-type', code)];
  const write = mapOrganization({ ...organization.parse({ type }), name }, place);
  expect(write.input['kind']).toBe(kind);
});

test('imported staff get no areas: a name in a history opens nobody’s record', () => {
  const write = mapPractitioner(practitioner.parse({ name: [{ text: 'Anil Rao' }] }), {
    id: 'id',
    institutionId: 'i',
  });
  expect(write?.input).toMatchObject({ name: 'Anil Rao', role: 'CLINICIAN', areaIds: [] });
});

test.each([
  ['MTH', undefined, 'MOTHER'],
  ['PRN', 'male', 'FATHER'],
  ['PRN', undefined, 'OTHER'],
  ['GUARD', undefined, 'GUARDIAN'],
  ['C', undefined, 'EMERGENCY_CONTACT'],
  ['NBOR', undefined, 'OTHER'],
])('%s %s is %s', (code, gender, kind) => {
  const relationship = [coded('http://terminology.hl7.org/CodeSystem/v3-RoleCode', code)];
  expect(relationKind(relatedPerson.parse({ patient: {}, relationship, gender }))).toBe(kind);
});

test('a condition keeps its own code, and gets ours only where it is coded so', () => {
  const [known] = diseases.entries;
  const diagnosis = (code: unknown, status?: string) =>
    mapDiagnosis(
      condition.parse({
        subject: {},
        code,
        onsetDateTime: '2019-03',
        ...(status === undefined ? {} : { verificationStatus: coded('urn:v', status) }),
      }),
    );
  expect(diagnosis(coded('http://hl7.org/fhir/sid/icd-10', known?.code ?? ''))).toMatchObject({
    diseaseCode: known?.code,
    certainty: 'CONFIRMED',
  });
  expect(diagnosis(coded('http://hl7.org/fhir/sid/icd-10', 'Z99.99'))).not.toHaveProperty(
    'diseaseCode',
  );
  const snomed = coded('http://snomed.info/sct', '386661006', 'Fever');
  expect(diagnosis(snomed, 'refuted')).toEqual({
    coding: { system: 'http://snomed.info/sct', code: '386661006', display: 'Fever' },
    certainty: 'RULED_OUT',
  });
  expect(diagnosis(snomed, 'differential')?.certainty).toBe('SUSPECTED');
  expect(diagnosis({})).toBeUndefined();
});

test('an age that cannot be is left out', () => {
  const visit = { id: 'c', patientId: 'p', recordedAt, day: '2024-05-04' };
  const none = { vitals: {}, diagnoses: [] };
  expect(mapCheckup({ ...visit, birthDate: '2024-05-01' }, none).input['ageDays']).toBe(3);
  expect(mapCheckup({ ...visit, birthDate: '2024-06-01' }, none).input).not.toHaveProperty(
    'ageDays',
  );
});

const dose = (over: object) =>
  mapImmunization(
    immunization.parse({
      status: 'completed',
      patient: {},
      vaccineCode: coded('http://hl7.org/fhir/sid/cvx', '03'),
      ...over,
    }),
    { id: 'i', patientId: 'p' },
    moment,
  )?.input;

test('a dose by its CVX code, given or not', () => {
  expect(dose({ lotNumber: 'L1', protocolApplied: [{ doseNumberPositiveInt: 2 }] })).toMatchObject({
    ...{ vaccineCode: 'MMR', givenOn: '2024-05-04', batch: 'L1', doseNumber: 2 },
  });
  const refused = { status: 'not-done', statusReason: coded('urn:r', 'PATOBJ') };
  expect(dose(refused)).toMatchObject({ notGivenReason: 'REFUSED' });
  expect(dose(refused)).not.toHaveProperty('givenOn');
  const influenza = dose({ vaccineCode: coded('http://hl7.org/fhir/sid/cvx', '140') });
  expect(influenza).toMatchObject({ coding: { code: '140' } });
  expect(influenza).not.toHaveProperty('vaccineCode');
});

test.each([
  ['active', 'ISSUED'],
  ['completed', 'DISPENSED'],
  ['stopped', 'CANCELLED'],
  ['entered-by-nobody', 'EXPIRED'],
])('an order that is %s is %s', (status, historicState) => {
  const request = medicationRequest.parse({
    status,
    intent: 'order',
    subject: {},
    medicationCodeableConcept: coded('urn:rx', '1', 'A tablet'),
    dosageInstruction: [
      {
        text: 'after meals',
        asNeededBoolean: true,
        route: coded('http://snomed.info/sct', '26643006'),
        timing: { repeat: { frequency: 2, period: 8, periodUnit: 'h' } },
        doseAndRate: [{ doseQuantity: { value: 1, unit: '{tbl}' } }],
      },
    ],
    dispenseRequest: {
      quantity: { value: 20 },
      expectedSupplyDuration: { value: 2, code: 'wk' },
      validityPeriod: { end: '2024-08-01' },
    },
  });
  const write = mapPrescription(
    request,
    { id: 'm', ids, patientId: 'p', checkupId: 'c' },
    recordedAt,
  );
  expect(write?.input).toMatchObject({
    ...{ imported: true, historicState, checkupId: 'c', validUntil: '2024-08-01' },
    items: [
      {
        originalCoding: { system: 'urn:rx', code: '1', display: 'A tablet' },
        ...{ doseQuantity: 1, doseUnit: '{tbl}', route: 'PO', frequencyPerDay: 6, asNeeded: true },
        ...{ durationDays: 14, quantity: 20, instructions: 'after meals' },
      },
    ],
  });
});

const allergy = (over: object) =>
  mapAllergy(
    allergyIntolerance.parse({ patient: {}, ...over }),
    { id: 'a', patientId: 'p' },
    recordedAt,
  )?.input;

test('an allergy to penicillin reaches the rule that warns of it', () => {
  const code = coded('http://snomed.info/sct', '91936005');
  expect(allergy({ code, criticality: 'low' })).toMatchObject({
    substance: { group: 'penicillins' },
    severity: 'UNKNOWN',
  });
  expect(allergy({ code, criticality: 'high' })).toMatchObject({ severity: 'SEVERE' });
  const reactions = [
    { severity: 'mild', manifestation: [{ text: 'Rash' }] },
    { manifestation: [coded('http://snomed.info/sct', '39579001', 'Anaphylaxis')] },
  ];
  expect(allergy({ code, reaction: reactions })).toMatchObject({
    severity: 'LIFE_THREATENING',
    reaction: 'Rash; Anaphylaxis',
  });
  expect(allergy({})).toBeUndefined();
});
