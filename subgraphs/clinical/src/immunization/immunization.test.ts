import { afterAll, beforeAll, expect, test } from 'vitest';
import { addDays, civilDateIn, vaccines } from '@caregraph/guideline';
import { startTestDistrict, type TestDistrict } from '../test-clinical.ts';

let graph: TestDistrict;
const today = civilDateIn(new Date(), 'Asia/Kolkata');
const daysAgo = (days: number) => addDays(today, -days);

beforeAll(async () => {
  graph = await startTestDistrict();
});
afterAll(() => graph.stop());

const shown = `immunization { id status vaccineCode doseNumber rule givenOn notGivenReason batch
  vaccine { title cvx } coding { system code display } institution { id } amends { id status } }`;

async function given(over: Record<string, unknown> = {}) {
  const patientId = await graph.patient();
  const input = { id: graph.ids.next(), patientId, vaccineCode: 'PENTA', doseNumber: 1, ...over };
  return {
    patientId,
    input,
    receipt: await graph.write('recordImmunization', input, { select: shown }),
  };
}

test('a dose is recorded and gets its place in the schedule', async () => {
  const { receipt, input } = await given({ givenOn: daysAgo(3), batch: 'B-17' });
  expect(receipt).toMatchObject({
    verdict: 'APPLIED',
    problems: [],
    immunization: {
      id: input.id,
      status: 'GIVEN',
      rule: 'IN-UIP-PENTA-1',
      givenOn: daysAgo(3),
      batch: 'B-17',
      vaccine: { cvx: expect.any(String) as string },
      institution: { id: graph.clinic },
    },
  });
});

test('too early for the schedule is kept with a warning; in time it is not warned of', async () => {
  const early = await given({ givenOn: daysAgo(10), birthDate: daysAgo(40) });
  expect(early.receipt).toMatchObject({
    verdict: 'APPLIED',
    problems: [{ code: 'SAFETY_WARNING', field: 'givenOn' }],
  });
  const inTime = await given({ givenOn: daysAgo(10), birthDate: daysAgo(60) });
  expect(inTime.receipt).toMatchObject({ verdict: 'APPLIED', problems: [] });
  const second = { vaccineCode: 'PENTA', doseNumber: 2, birthDate: daysAgo(60) };
  const tooSoon = { ...second, id: graph.ids.next(), patientId: inTime.patientId, givenOn: today };
  expect(await graph.write('recordImmunization', tooSoon)).toMatchObject({
    verdict: 'APPLIED',
    problems: [{ code: 'SAFETY_WARNING', field: 'givenOn' }],
  });
});

test('a dose is given once, also when two record it at once; not given does not take its place', async () => {
  const { patientId } = await given({ notGivenReason: 'ILL_TODAY' });
  const record = (over = {}) =>
    graph.write('recordImmunization', {
      id: graph.ids.next(),
      patientId,
      vaccineCode: 'PENTA',
      doseNumber: 1,
      ...over,
    });
  const receipts = await Promise.all([record(), record({ givenOn: daysAgo(1) })]);
  expect(receipts.map(({ verdict }) => verdict).sort()).toEqual(['APPLIED', 'REJECTED']);
  expect(receipts.flatMap(({ problems }) => problems)).toMatchObject([{ code: 'ALREADY_EXISTS' }]);
  const sameDay = receipts[0]?.verdict === 'APPLIED' ? today : daysAgo(1);
  expect(await record({ doseNumber: 2, givenOn: sameDay })).toMatchObject({
    verdict: 'REJECTED',
    problems: [{ code: 'ALREADY_EXISTS' }],
  });
});

test('doses of the same number in another series, and of another pregnancy, are other doses', async () => {
  const patientId = await graph.patient();
  const record = (over: object) =>
    graph.write('recordImmunization', { id: graph.ids.next(), patientId, ...over });
  const doses = [
    { rule: 'IN-UIP-OPV-0', givenOn: daysAgo(300) },
    { vaccineCode: 'OPV', doseNumber: 1, givenOn: daysAgo(250) },
    { rule: 'IN-UIP-TD-1-PREG', givenOn: daysAgo(200) },
    { rule: 'IN-UIP-TD-1-PREG', givenOn: daysAgo(20) },
  ];
  for (const dose of doses) expect(await record(dose)).toMatchObject({ verdict: 'APPLIED' });
  expect(await record({ rule: 'IN-UIP-OPV-1' })).toMatchObject({ verdict: 'REJECTED' });
});

test.each([
  ['a vaccine that is not known', { vaccineCode: 'NOPE' }, 'REFERENCE_NOT_FOUND', 'vaccineCode'],
  ['a rule that is not known', { rule: 'NOPE' }, 'REFERENCE_NOT_FOUND', 'rule'],
  ['a rule of another vaccine', { rule: 'IN-UIP-BCG' }, 'INPUT_INVALID', 'rule'],
  ['no vaccine at all', { vaccineCode: null }, 'INPUT_INVALID', 'vaccineCode'],
  ['a day ahead', { givenOn: addDays(today, 1) }, 'DATE_IN_FUTURE', 'givenOn'],
  [
    'a dose before the birth',
    { givenOn: daysAgo(9), birthDate: daysAgo(8) },
    'INPUT_INVALID',
    'birthDate',
  ],
  [
    'given and not given',
    { givenOn: daysAgo(9), notGivenReason: 'REFUSED' },
    'INPUT_INVALID',
    'notGivenReason',
  ],
])('%s is refused', async (_name, over, code, field) => {
  const { receipt } = await given(over);
  expect(receipt).toMatchObject({
    verdict: 'REJECTED',
    problems: [{ code, field }],
    immunization: null,
  });
});

test('a code of another system is stored beside or in place of ours', async () => {
  const coding = { system: 'http://hl7.org/fhir/sid/cvx', code: '140', display: 'Influenza' };
  const { receipt } = await given({ vaccineCode: null, doseNumber: null, coding });
  expect(receipt).toMatchObject({
    verdict: 'APPLIED',
    immunization: { vaccineCode: null, vaccine: null, coding },
  });
});

test('a dose that was not given tells why, and no day', async () => {
  const { receipt } = await given({ notGivenReason: 'REFUSED' });
  expect(receipt).toMatchObject({
    immunization: { status: 'NOT_GIVEN', givenOn: null, notGivenReason: 'REFUSED' },
  });
});

test('a dose entered in error leaves the list, and its replacement takes its place', async () => {
  const { input, patientId } = await given({ givenOn: daysAgo(5) });
  const replacement = {
    id: graph.ids.next(),
    vaccineCode: 'PENTA',
    doseNumber: 1,
    givenOn: daysAgo(5),
    batch: 'C-1',
  };
  const amend = (operation = graph.operation()) =>
    graph.write(
      'amendImmunization',
      { immunizationId: input.id, replacement },
      { operation, select: shown },
    );
  const operation = graph.operation();
  for (const replayed of [false, true]) {
    expect(await amend(operation)).toMatchObject({
      verdict: 'APPLIED',
      replayed,
      immunization: { id: replacement.id, amends: { id: input.id, status: 'ENTERED_IN_ERROR' } },
    });
  }
  expect(await amend()).toMatchObject({
    verdict: 'REJECTED',
    problems: [{ code: 'STATE_REFUSED', field: 'immunizationId' }],
  });
  expect(await listed(graph.worker, patientId)).toEqual([replacement.id]);
  const taken = await graph.write(
    'amendImmunization',
    { immunizationId: replacement.id },
    { select: shown },
  );
  expect(taken).toMatchObject({ verdict: 'APPLIED', immunization: { status: 'ENTERED_IN_ERROR' } });
  expect(await listed(graph.worker, patientId)).toEqual([]);
});

test('a replacement that is refused leaves the dose as it was', async () => {
  const { input, patientId } = await given({ givenOn: daysAgo(5) });
  const replacement = { id: graph.ids.next(), vaccineCode: 'NOPE' };
  expect(
    await graph.write('amendImmunization', { immunizationId: input.id, replacement }),
  ).toMatchObject({ verdict: 'REJECTED' });
  expect(await listed(graph.worker, patientId)).toEqual([input.id]);
});

test('out of scope nothing is seen, and without the permission nothing is asked', async () => {
  const { input, patientId } = await given();
  const query = 'query ($id: UUID!) { immunization(id: $id) { id } }';
  expect((await graph.ask(graph.worker, query, { id: input.id })).data).toEqual({
    immunization: { id: input.id },
  });
  expect((await graph.ask(graph.outsider, query, { id: input.id })).data).toEqual({
    immunization: null,
  });
  expect(await listed(graph.outsider, patientId)).toBeNull();
  const denied = await graph.ask(graph.pharmacist, query, { id: input.id });
  expect(denied.errors[0]?.extensions.code).toBe('FORBIDDEN');
  const amend = await graph.write(
    'amendImmunization',
    { immunizationId: input.id },
    { token: graph.outsider },
  );
  expect(amend).toMatchObject({ verdict: 'QUARANTINED' });
});

test('the vaccines and the schedule are content', async () => {
  const answer = await graph.ask(
    graph.worker,
    `{ vaccines { code title(language: "fr") }
      immunizationSchedule { code version doses { rule vaccine { code } after booster } }
      who: immunizationSchedule(code: "WHO-EPI") { code }
      none: immunizationSchedule(code: "X") { code } }`,
  );
  expect(answer.errors).toEqual([]);
  expect(answer.data).toMatchObject({
    immunizationSchedule: { code: 'IN-UIP' },
    who: { code: 'WHO-EPI' },
    none: null,
  });
  expect(answer.data?.['vaccines']).toHaveLength(vaccines.entries.length);
});

test('a dose names nobody but its author, unless it is imported', async () => {
  const importer = await graph.token({ roles: ['importer'], areaRoots: [graph.villageA] });
  const others = { institutionId: graph.hospital, givenById: graph.ids.next() };
  const patientId = await graph.patient();
  const dose = (over = {}) => ({
    id: graph.ids.next(),
    vaccineCode: 'BCG',
    doseNumber: 1,
    ...over,
  });
  const record = (over = {}, token = graph.worker) =>
    graph.write('recordImmunization', { ...dose(over), patientId }, { token });
  const refused = (path: string) => ({
    verdict: 'REJECTED',
    problems: [
      { code: 'REFERENCE_NOT_FOUND', field: `${path}institutionId` },
      { code: 'REFERENCE_NOT_FOUND', field: `${path}givenById` },
    ],
  });
  expect(await record(others)).toMatchObject(refused(''));
  const own = { institutionId: graph.clinic, givenById: graph.workerId };
  expect(await record({ ...own, vaccineCode: 'MR' })).toMatchObject({ verdict: 'APPLIED' });
  const imported = dose(others);
  const write = { ...imported, patientId };
  expect(await graph.write('recordImmunization', write, { token: importer })).toMatchObject({
    verdict: 'APPLIED',
  });
  // An amendment may keep what the dose names, and name nobody new.
  const amend = (over: object) =>
    graph.write('amendImmunization', { immunizationId: imported.id, replacement: dose(over) });
  const third = { institutionId: graph.ids.next(), givenById: graph.ids.next() };
  expect(await amend(third)).toMatchObject(refused('replacement.'));
  expect(await amend(others)).toMatchObject({ verdict: 'APPLIED' });
});

async function listed(token: string, patientId: string): Promise<string[] | null> {
  const query = `query ($of: [_Any!]!) { _entities(representations: $of) {
    ... on Patient { immunizations { edges { node { id } } } } } }`;
  const of = [{ __typename: 'Patient', id: patientId }];
  const answer = await graph.ask(token, query, { of });
  expect(answer.errors).toEqual([]);
  const [patient] = answer.data?.['_entities'] as {
    immunizations: { edges: { node: { id: string } }[] } | null;
  }[];
  return patient?.immunizations?.edges.map(({ node }) => node.id) ?? null;
}
