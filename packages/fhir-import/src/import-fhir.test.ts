import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { fixedClock } from '@caregraph/clock';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  bundleOf,
  loinc,
  measurement,
  person,
  visit,
  writeBigBundle,
  type Json,
} from './fixtures/bundle.ts';
import { importFhir, type ImportOptions } from './import-fhir.ts';
import { createImportIds, unkeyedIds, type ImportNaming } from './import-ids.ts';
import type { EntryAnswer, WireEntry } from './send/sender.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fhir-import-'));
});
afterAll(() => rm(folder, { recursive: true }));

type Sent = { member: string; input: Json; operation: WireEntry['operation'] };
const applied = { verdict: 'APPLIED', replayed: false, problems: [] } as const;

/** Imports files, given by name and content, into a server that answers as it is told. */
async function load(
  files: Record<string, string>,
  over: Partial<ImportOptions> = {},
  answer: (sent: Sent) => EntryAnswer = () => applied,
) {
  const place = await mkdtemp(join(folder, 'case-'));
  for (const [name, content] of Object.entries(files)) await writeFile(join(place, name), content);
  const sent: Sent[] = [];
  const steps: string[] = [];
  const summary = await importFhir({
    paths: [place],
    areaId: 'area',
    actorId: 'actor',
    ids: createImportIds(new Uint8Array(32)),
    clock: fixedClock(new Date('2025-01-01T00:00:00Z')),
    sender: {
      async send(_subgraph, entries) {
        return entries.map(({ operation, ...members }) => {
          const [member = '', input] = Object.entries(members)[0] ?? [];
          const one = { member, operation, input: input as Json };
          if (steps.at(-1) !== member) steps.push(member);
          sent.push(one);
          return answer(one);
        });
      },
      async settle(patientIds) {
        steps.push(`settle ${patientIds.length}`);
        return true;
      },
    },
    ...over,
  });
  const of = (member: string) =>
    sent.filter((one) => one.member === member).map(({ input }) => input);
  const issues = summary.issues.map(({ path, code, lost }) => `${path} ${code} ${lost}`);
  return { summary, sent, steps, of, issues };
}

const asha = person('asha');
const atVisit = { encounter: { reference: 'Encounter/v' } };
const weight = measurement('w', 'asha', ['29463-7', 60, 'kg'], atVisit);

test('people come before what is known of them, whatever the order of files', async () => {
  const lines = (...resources: Json[]) => resources.map((one) => JSON.stringify(one)).join('\n');
  const { steps, of, issues } = await load({
    'a-observations.ndjson': lines(weight),
    'b-encounters.ndjson': lines(visit('v', 'asha')),
    'c-patients.ndjson': lines(asha),
  });
  expect(issues).toEqual([]);
  expect(steps).toEqual([
    'registerInstitution',
    'registerPatient',
    'settle 1',
    'recordCheckup',
    'settle 0',
  ]);
  expect(of('recordCheckup')).toMatchObject([
    { patientId: of('registerPatient')[0]?.['id'], vitals: { weightKg: 60 }, ageDays: 12511 },
  ]);
});

test('operations are the same for the same input and other for another', async () => {
  const ids = async (resource: Json, over: Partial<ImportOptions> = {}) => {
    const { sent } = await load({ 'x.json': bundleOf(resource) }, over);
    const [only] = sent.filter(({ member }) => member === 'registerPatient');
    return [only?.operation.id, only?.input['id']];
  };
  const first = await ids(asha);
  expect(await ids(asha)).toEqual(first);
  const [operation, patient] = await ids({ ...asha, gender: 'male' });
  expect(operation).not.toBe(first[0]);
  expect(patient).toBe(first[1]);
  expect((await ids(asha, { actorId: 'another' }))[0]).not.toBe(first[0]);
  expect((await ids(asha, { source: 'urn:other' }))[1]).not.toBe(first[1]);
});

/** A person whom only their number names, with everything that an import takes. */
const numbered = [
  { resourceType: 'Organization', id: 'org', name: 'Clinic' },
  { resourceType: 'Practitioner', id: 'doctor', name: [{ text: 'Anil Rao' }], active: false },
  {
    ...person('asha', { identifier: [{ system: 'urn:mrn', value: '123456' }] }),
    id: undefined,
  },
  {
    ...{ resourceType: 'RelatedPerson', id: 'mother', name: [{ text: 'Sita Devi' }] },
    patient: { reference: 'Patient?identifier=urn:mrn|123456' },
    relationship: [{ coding: [{ code: 'MTH' }] }],
  },
  visit('v', '-', {
    subject: { reference: 'Patient?identifier=urn:mrn|123456' },
    participant: [{ individual: { reference: 'Practitioner/doctor' } }],
    serviceProvider: { reference: 'Organization/org' },
  }),
  {
    ...{ resourceType: 'Immunization', id: 'i', status: 'completed', ...atVisit },
    patient: { reference: 'Patient?identifier=urn:mrn|123456' },
    vaccineCode: { coding: [{ system: 'http://hl7.org/fhir/sid/cvx', code: '03' }] },
    occurrenceDateTime: '2024-05-04',
  },
  {
    ...{ resourceType: 'MedicationRequest', id: 'm', status: 'stopped', intent: 'order' },
    ...{ ...atVisit, subject: { reference: 'Patient?identifier=urn:mrn|123456' } },
    authoredOn: '2024-05-04',
    medicationCodeableConcept: { text: 'Paracetamol' },
  },
  {
    ...{ resourceType: 'AllergyIntolerance', id: 'a', code: { text: 'Penicillin' } },
    patient: { reference: 'Patient?identifier=urn:mrn|123456' },
    recordedDate: '2024-05-04',
  },
];

async function loadNumbered(fill: number, naming: ImportNaming = 'KEYED') {
  const ids = createImportIds(new Uint8Array(32).fill(fill), naming);
  const files = { 'x.json': bundleOf(...numbered) };
  const { sent, of, issues } = await load(files, { ids, importerName: 'Importer' });
  expect(issues).toEqual([]);
  const uuids = new Set(JSON.stringify(sent).match(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g));
  return { sent, of, uuids };
}

const inBoth = (one: ReadonlySet<unknown>, other: ReadonlySet<unknown>) =>
  [...one].filter((id) => other.has(id));

test('no id of an import can be made without its key', async () => {
  const first = await loadNumbered(1);
  expect((await loadNumbered(1)).sent).toEqual(first.sent);
  // 12 operations, 10 records, what lies within two of them, and a device.
  expect(first.uuids.size).toBe(25);
  expect(inBoth(first.uuids, (await loadNumbered(2)).uuids)).toEqual([]);

  // What a thief can make who knows all that is imported, and tries each number.
  const [patient] = first.of('registerPatient');
  const guesses = [
    unkeyedIds.of('Patient', 'Patient?identifier=urn:mrn|123456'),
    unkeyedIds.of('Identifier', `${String(patient?.['id'])}\nOTHER\nurn:mrn\n123456`),
    ...first.sent.map(({ member, input, operation: { deviceId, recordedAt } }) =>
      unkeyedIds.of('operation', JSON.stringify(['actor', deviceId, member, recordedAt, input])),
    ),
  ];
  expect(inBoth(first.uuids, new Set(guesses))).toEqual([]);
});

test('records refer to each other by the ids that they are written under', async () => {
  for (const naming of ['KEYED', 'EARLIER'] as const) {
    const { sent } = await loadNumbered(1, naming);
    const written = sent.map(({ input }) => input['id']);
    const references = sent.flatMap(({ input }) =>
      Object.entries(input).filter(([name]) => /Id$/.test(name) && name !== 'areaId'),
    );
    expect(new Set(references.map(([name]) => name))).toEqual(
      new Set([
        ...['institutionId', 'patientId', 'fromPatientId', 'toPatientId'],
        ...['attendedById', 'checkupId'],
      ]),
    );
    for (const [name, id] of references) expect(written, name).toContain(id);
  }
});

test('a source of before keeps the ids of its records, and no others can be guessed', async () => {
  const { of, sent } = await loadNumbered(1, 'EARLIER');
  const [asha, mother] = of('registerPatient');
  const number = 'Patient?identifier=urn:mrn|123456';
  expect(asha?.['id']).toBe(unkeyedIds.of('Patient', number));
  expect(mother?.['id']).not.toBe(asha?.['id']);
  const other = await loadNumbered(2, 'EARLIER');
  expect(other.of('registerPatient').map(({ id }) => id)).toEqual([asha?.['id'], mother?.['id']]);
  const hidden = ({ operation, input }: Sent) => [
    operation.id,
    ...['identifiers', 'items'].flatMap((list) => (input[list] as Json[] | undefined) ?? []),
  ];
  const ids = (all: readonly Sent[]) =>
    new Set(all.flatMap(hidden).map((one) => (typeof one === 'string' ? one : one['id'])));
  expect(ids(sent).size).toBe(sent.length + 2);
  expect(inBoth(ids(sent), ids(other.sent))).toEqual([]);
});

test('a record that comes again counts once; with other content, the first stands', async () => {
  const { summary, of, issues } = await load({
    'a.json': bundleOf(asha, asha),
    'b.json': bundleOf({ ...asha, gender: 'male' }),
  });
  expect(of('registerPatient')).toMatchObject([{ sex: 'FEMALE' }]);
  expect(summary.types.Patient).toMatchObject({ read: 3, taken: 1, repeated: 1, bad: 1 });
  expect(issues).toEqual(['entry[0].resource DUPLICATE_DIFFERS RECORD']);
});

test('a fact at the visit of someone else is written to nobody', async () => {
  const meena = person('meena');
  const dose = {
    ...{ resourceType: 'Immunization', id: 'i', status: 'completed', ...atVisit },
    patient: { reference: 'Patient/meena' },
    vaccineCode: { coding: [{ system: 'http://hl7.org/fhir/sid/cvx', code: '03' }] },
    occurrenceDateTime: '2024-05-04',
  };
  const foreign = measurement('f', 'meena', ['8867-4', 80, '/min'], atVisit);
  const { of, issues } = await load({
    'x.json': bundleOf(asha, meena, visit('v', 'asha'), weight, foreign, dose),
  });
  expect(of('recordCheckup').map(({ vitals }) => vitals)).toEqual([{ weightKg: 60 }]);
  expect(of('recordImmunization')).toEqual([]);
  expect(issues).toEqual([
    'entry[4].resource.subject SUBJECT_DIFFERS RECORD',
    'entry[5].resource.encounter SUBJECT_DIFFERS RECORD',
  ]);
});

test('a name that two patients go by names neither', async () => {
  const shared = { identifier: [{ system: 'urn:a', value: '7' }] };
  const byNumber = { subject: { reference: 'Patient?identifier=urn:a|7' } };
  const { of, issues } = await load({
    'x.json': bundleOf(
      person('one', shared),
      person('two', shared),
      measurement('w', '-', ['29463-7', 60, 'kg'], byNumber),
    ),
  });
  expect(of('recordCheckup')).toEqual([]);
  expect(issues).toEqual(['entry[2].resource.subject REFERENCE_UNRESOLVED RECORD']);
});

test('the same measurement twice at a visit is two checkups, not the last one', async () => {
  const again = measurement('w2', 'asha', ['29463-7', 61, 'kg'], {
    ...atVisit,
    effectiveDateTime: '2024-05-04T11:00:00Z',
  });
  const { of, sent } = await load({ 'x.json': bundleOf(asha, visit('v', 'asha'), again, weight) });
  expect(of('recordCheckup').map(({ vitals }) => vitals)).toEqual([
    { weightKg: 60 },
    { weightKg: 61 },
  ]);
  expect(sent.at(-1)?.operation.recordedAt).toBe('2024-05-04T11:00:00.000Z');
});

test('what was found without a visit is a checkup of its own per day', async () => {
  const fever = {
    resourceType: 'Condition',
    id: 'c',
    subject: { reference: 'Patient/asha' },
    recordedDate: '2024-05-04',
    code: { text: 'Fever' },
  };
  const pulse = measurement('p', 'asha', ['8867-4', 80, '/min']);
  const later = measurement('l', 'asha', ['8867-4', 82, '/min'], {
    effectiveDateTime: '2024-05-06',
  });
  const undated = { ...fever, id: 'u', recordedDate: undefined };
  const lost = measurement('n', 'asha', ['9279-1', 18, '/min'], atVisit);
  const { of, issues } = await load({
    'x.json': bundleOf(asha, later, fever, pulse, undated, lost),
  });
  expect(of('recordCheckup')).toMatchObject([
    {
      vitals: { pulsePerMin: 80, respiratoryRatePerMin: 18 },
      diagnoses: [{ coding: { system: 'urn:caregraph:text', display: 'Fever' } }],
    },
    { vitals: { pulsePerMin: 82 } },
  ]);
  expect(issues).toEqual([
    'entry[4].resource DATE_MISSING RECORD',
    'entry[5].resource.encounter REFERENCE_UNRESOLVED PART',
  ]);
});

test('a pressure that is the wrong way round is left out, the rest of the visit stands', async () => {
  const pressure = {
    ...measurement('b', 'asha', ['85354-9', 0, ''], { ...atVisit, valueQuantity: undefined }),
    component: [
      { code: loinc('8480-6'), valueQuantity: { value: 70, code: 'mm[Hg]' } },
      { code: loinc('8462-4'), valueQuantity: { value: 110, code: 'mm[Hg]' } },
    ],
  };
  const { of, issues, summary } = await load({
    'x.json': bundleOf(asha, visit('v', 'asha'), pressure, weight),
  });
  expect(of('recordCheckup')).toMatchObject([{ vitals: { weightKg: 60 } }]);
  expect(issues).toEqual(['entry[2].resource.component[0].valueQuantity VALUE_IMPOSSIBLE RECORD']);
  expect(summary.types.Observation).toMatchObject({ taken: 1, bad: 1 });
});

test('a related person who is a patient is related, another one is registered first', async () => {
  const mother = (id: string, over: Json) => ({
    ...{ resourceType: 'RelatedPerson', id, patient: { reference: 'Patient/asha' } },
    relationship: [{ coding: [{ code: 'MTH' }] }],
    ...over,
  });
  const number = { identifier: [{ system: 'urn:a', value: '7' }] };
  const { of, issues } = await load({
    'x.json': bundleOf(
      asha,
      person('sita', number),
      mother('known', number),
      mother('new', { name: [{ text: 'Meena' }] }),
      mother('nameless', {}),
      mother('nobodys', { patient: { reference: 'Patient/none' } }),
    ),
  });
  const [one, two, three] = of('registerPatient').map(({ id }) => id);
  expect(of('relatePatients')).toMatchObject([
    { fromPatientId: two, toPatientId: one, kind: 'MOTHER' },
    { fromPatientId: three, toPatientId: one, kind: 'MOTHER' },
  ]);
  expect(issues).toEqual([
    'entry[4].resource.name NAME_MISSING RECORD',
    'entry[5].resource.patient REFERENCE_UNRESOLVED RECORD',
  ]);
});

test('what is not taken is named, what is not right is told, and no value is in either', async () => {
  const { summary, issues } = await load({
    'x.json': bundleOf(
      { resourceType: 'Claim', id: 'secret' },
      visit('v', 'asha', { status: 'cancelled' }),
      { ...asha, birthDate: '2024-02-30' },
      { ...person('2'), gender: 'secret' },
      visit('v2', 'asha', { period: { start: '2031-01-01' } }),
      visit('v3', 'asha', { period: { start: '2020' } }),
      { ...person('3'), id: undefined },
      { id: 'secret' },
    ),
  });
  expect(summary.notTaken).toEqual({ Claim: 1, 'Encounter (cancelled)': 1 });
  expect(issues).toEqual([
    'entry[2].resource.birthDate RECORD_INVALID RECORD',
    'entry[3].resource.gender RECORD_INVALID RECORD',
    'entry[4].resource DATE_IN_FUTURE RECORD',
    'entry[5].resource.period.start DATE_MISSING RECORD',
    'entry[6].resource ID_MISSING RECORD',
    'entry[7].resource NOT_FHIR RECORD',
  ]);
  expect(JSON.stringify(summary)).not.toMatch(/secret|Asha|2024-02-30/);
});

test('the facts of a patient whom the server refuses are not sent', async () => {
  const refuse = ({ member }: Sent): EntryAnswer =>
    member === 'registerPatient'
      ? { verdict: 'REJECTED', replayed: false, problems: [{ code: 'REFERENCE_NOT_FOUND' }] }
      : applied;
  const files = { 'x.json': bundleOf(asha, visit('v', 'asha'), weight) };
  const { of, issues, summary } = await load(files, {}, refuse);
  expect(of('recordCheckup')).toEqual([]);
  expect(issues[0]).toBe('entry[0].resource REFERENCE_NOT_FOUND RECORD');
  expect(summary.types).toMatchObject({ Patient: { refused: 1 }, Encounter: { bad: 1 } });
});

test('memory does not grow with a file', { timeout: 120_000 }, async () => {
  const file = join(folder, 'big.json');
  const patients = await writeBigBundle(file, 100_000_000);
  const script = join(import.meta.dirname, 'fixtures', 'import-file.ts');
  // Half of the file would not fit into this heap: reading it whole ends the process.
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--max-old-space-size=48',
    script,
    file,
  ]);
  const { peakMb, types, issues } = JSON.parse(stdout) as {
    peakMb: number;
    types: Record<string, { taken: number }>;
    issues: number;
  };
  expect(issues).toBe(0);
  expect(types['Observation']?.taken).toBe(patients);
  expect(peakMb).toBeLessThan(350);
});
