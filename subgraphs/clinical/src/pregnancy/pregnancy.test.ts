import { afterAll, beforeAll, expect, test } from 'vitest';
import { addDays, civilDateIn } from '@caregraph/guideline';
import { startTestDistrict, type TestDistrict } from '../test-clinical.ts';

let graph: TestDistrict;
const today = civilDateIn(new Date(), 'Asia/Kolkata');
const daysAgo = (days: number) => addDays(today, -days);

beforeAll(async () => {
  graph = await startTestDistrict();
});
afterAll(() => graph.stop());

const shown = `pregnancy { id lmp edd eddGiven gravida para riskFlags outcome outcomeOn version
  gestationalAge { weeks days trimester } }`;

async function registered(over: Record<string, unknown> = {}) {
  const patientId = await graph.patient();
  const input = { id: graph.ids.next(), patientId, lmp: daysAgo(100), ...over };
  const receipt = await graph.write('registerPregnancy', input, { select: shown });
  return { patientId, input, receipt };
}

test('the expected delivery follows from the last period unless it is given', async () => {
  const { receipt } = await registered({ gravida: 2, para: 1, riskFlags: ['ANAEMIA'] });
  expect(receipt).toMatchObject({
    verdict: 'APPLIED',
    problems: [],
    pregnancy: {
      lmp: daysAgo(100),
      edd: addDays(daysAgo(100), 280),
      eddGiven: false,
      gravida: 2,
      para: 1,
      riskFlags: ['ANAEMIA'],
      outcome: 'ONGOING',
      gestationalAge: { weeks: 14, days: 2, trimester: 2 },
    },
  });
  const edd = addDays(today, 100);
  const given = await registered({ lmp: null, edd });
  expect(given.receipt).toMatchObject({
    pregnancy: { edd, eddGiven: true, lmp: addDays(edd, -280), gestationalAge: { weeks: 25 } },
  });
});

test.each([
  ['neither date', { lmp: null }, 'INPUT_INVALID', 'lmp'],
  ['a period ahead', { lmp: addDays(today, 1) }, 'DATE_IN_FUTURE', 'lmp'],
  ['dates that do not fit', { edd: addDays(today, 5) }, 'VALUE_IMPOSSIBLE', 'edd'],
  ['more births than pregnancies', { gravida: 1, para: 2 }, 'VALUE_IMPOSSIBLE', 'gravida'],
])('%s is refused, and the refusal is recorded', async (_name, over, code, field) => {
  const patientId = await graph.patient();
  const input = { id: graph.ids.next(), patientId, lmp: daysAgo(100), ...over };
  const operation = graph.operation();
  for (const replayed of [false, true]) {
    expect(
      await graph.write('registerPregnancy', input, { operation, select: shown }),
    ).toMatchObject({
      verdict: 'REJECTED',
      replayed,
      problems: [{ code, field }],
      pregnancy: null,
    });
  }
});

test('a pregnancy of more than 44 weeks is kept with a warning', async () => {
  const { receipt } = await registered({ lmp: daysAgo(320) });
  expect(receipt).toMatchObject({
    verdict: 'APPLIED',
    problems: [{ code: 'SAFETY_WARNING', field: 'lmp' }],
  });
});

test('a patient has one ongoing pregnancy, also when two are registered at once', async () => {
  const patientId = await graph.patient();
  const register = () =>
    graph.write('registerPregnancy', { id: graph.ids.next(), patientId, lmp: daysAgo(60) });
  const receipts = await Promise.all([register(), register(), register()]);
  expect(receipts.filter(({ verdict }) => verdict === 'APPLIED')).toHaveLength(1);
  const refused = receipts.filter(({ verdict }) => verdict === 'REJECTED');
  expect(refused.map(({ problems }) => problems[0]?.code)).toEqual([
    'ALREADY_EXISTS',
    'ALREADY_EXISTS',
  ]);
});

test('changes to different fields merge; a dating changed by two is kept twice', async () => {
  const { input } = await registered();
  const { id: pregnancyId } = input;
  const update = (change: object, operation: Record<string, unknown>) =>
    graph.write('updatePregnancy', { pregnancyId, ...change }, { operation, select: shown });
  const other = graph.ids.next();
  const first = await update({ lmp: daysAgo(90) }, graph.operation({ baseVersion: 1 }));
  expect(first).toMatchObject({
    verdict: 'APPLIED',
    pregnancy: { edd: addDays(daysAgo(90), 280), version: 2 },
  });
  const mine = { deviceId: other, deviceSequence: 1, baseVersion: 1 };
  const merged = await update({ gravida: 3, addRiskFlags: ['HIV'] }, graph.operation(mine));
  expect(merged).toMatchObject({
    verdict: 'MERGED',
    pregnancy: { lmp: daysAgo(90), gravida: 3, riskFlags: ['HIV'] },
  });
  const clash = graph.operation({ ...mine, deviceSequence: 2 });
  expect(await update({ edd: addDays(today, 170) }, clash)).toMatchObject({
    verdict: 'CONFLICT',
    problems: [{ code: 'FIELD_CONFLICT', field: 'dating' }],
    pregnancy: { lmp: daysAgo(90), eddGiven: false },
  });
  const kept = await graph.pool.query(
    'SELECT field, shown FROM conflict_record WHERE entity_id = $1',
    [pregnancyId],
  );
  expect(kept.rows).toEqual([{ field: 'dating', shown: 'SERVER' }]);
});

test('flags are raised and taken back one by one, and never conflict', async () => {
  const { input } = await registered({ riskFlags: ['ANAEMIA', 'HIV'] });
  const change = (flags: object) =>
    graph.write('updatePregnancy', { pregnancyId: input.id, ...flags }, { select: shown });
  expect(await change({ removeRiskFlags: ['ANAEMIA'], addRiskFlags: ['MALARIA'] })).toMatchObject({
    verdict: 'APPLIED',
    pregnancy: { riskFlags: ['HIV', 'MALARIA'] },
  });
  expect(await change({ addRiskFlags: ['ANAEMIA'] })).toMatchObject({
    pregnancy: { riskFlags: ['ANAEMIA', 'HIV', 'MALARIA'] },
  });
});

test('an outcome ends the pregnancy; another outcome on an old base is a conflict', async () => {
  const { input, patientId } = await registered({ lmp: daysAgo(275) });
  const end = (over: object, operation = graph.operation({ baseVersion: 1 })) =>
    graph.write(
      'recordPregnancyOutcome',
      { pregnancyId: input.id, ...over },
      { operation, select: shown },
    );
  expect(await end({ outcome: 'LIVE_BIRTH' })).toMatchObject({
    verdict: 'REJECTED',
    problems: [{ code: 'INPUT_INVALID', field: 'outcomeOn' }],
  });
  expect(await end({ outcome: 'LIVE_BIRTH', outcomeOn: addDays(today, 1) })).toMatchObject({
    problems: [{ code: 'DATE_IN_FUTURE', field: 'outcomeOn' }],
  });
  expect(await end({ outcome: 'LIVE_BIRTH', outcomeOn: daysAgo(300) })).toMatchObject({
    problems: [{ code: 'INPUT_INVALID', field: 'outcomeOn' }],
  });
  expect(await end({ outcome: 'LIVE_BIRTH', outcomeOn: daysAgo(2) })).toMatchObject({
    verdict: 'APPLIED',
    pregnancy: { outcome: 'LIVE_BIRTH', outcomeOn: daysAgo(2), gestationalAge: { weeks: 39 } },
  });
  const late = { deviceId: graph.ids.next(), deviceSequence: 1, baseVersion: 1 };
  const stillbirth = { outcome: 'STILLBIRTH', outcomeOn: daysAgo(2) };
  expect(await end(stillbirth, graph.operation(late))).toMatchObject({
    verdict: 'CONFLICT',
    problems: [{ code: 'FIELD_CONFLICT', field: 'ending' }],
    pregnancy: { outcome: 'LIVE_BIRTH' },
  });
  const next = { id: graph.ids.next(), patientId, lmp: daysAgo(1) };
  expect(await graph.write('registerPregnancy', next)).toMatchObject({ verdict: 'APPLIED' });
});

test('the antenatal contacts show what was done, missed and is due', async () => {
  const { input, patientId } = await registered({ lmp: daysAgo(150) });
  const checkup = { id: graph.ids.next(), patientId, visitType: 'ANC', pregnancyId: input.id };
  const recordedAt = `${daysAgo(60)}T06:00:00.000Z`;
  const recorded = await graph.write('recordCheckup', checkup, {
    operation: graph.operation({ recordedAt }),
    select: 'checkup { pregnancy { id } }',
  });
  expect(recorded).toMatchObject({ checkup: { pregnancy: { id: input.id } } });
  const answer = await graph.ask(
    graph.worker,
    `query ($id: UUID!) { pregnancy(id: $id) {
      ancVisits { rule number title(language: "fr") state doneOn checkup { id } } } }`,
    { id: input.id },
  );
  const { ancVisits } = answer.data?.['pregnancy'] as { ancVisits: unknown[] };
  expect(ancVisits).toHaveLength(8);
  expect(ancVisits.slice(0, 3)).toMatchObject([
    {
      rule: 'WHO-ANC-8-1',
      title: 'Contact prénatal 1',
      state: 'DONE',
      doneOn: daysAgo(60),
      checkup: { id: checkup.id },
    },
    { number: 2, state: 'OVERDUE', doneOn: null, checkup: null },
    { number: 3, state: 'UPCOMING' },
  ]);
});

test('the list is narrowed by the expected delivery and by outcome, page by page', async () => {
  const institution = graph.ids.next();
  const areaId = graph.villageA;
  const worker = await graph.token({ areaRoots: [graph.district], institutionId: institution });
  const edd = '2031-05-05';
  for (let n = 0; n < 3; n += 1) {
    const { input } = await registered({ lmp: daysAgo(10 + n) });
    await graph.pool.query('UPDATE pregnancy SET edd = $2, lmp = $2::date - 280 WHERE id = $1', [
      input.id,
      edd,
    ]);
  }
  const list = (variables: object) =>
    graph.ask(
      worker,
      `query ($areaId: UUID, $from: Date, $to: Date, $outcome: PregnancyOutcome, $after: String) {
        pregnancies(areaId: $areaId, dueFrom: $from, dueTo: $to, outcome: $outcome, first: 2, after: $after) {
          edges { node { edd outcome } } pageInfo { hasNextPage endCursor } } }`,
      { areaId, from: edd, to: edd, ...variables },
    );
  const first = await list({});
  const { pageInfo } = first.data?.['pregnancies'] as { pageInfo: { endCursor: string } };
  expect(first.data?.['pregnancies']).toMatchObject({
    edges: [{ node: { edd, outcome: 'ONGOING' } }, { node: { edd } }],
    pageInfo: { hasNextPage: true },
  });
  const second = await list({ after: pageInfo.endCursor });
  expect(second.data?.['pregnancies']).toMatchObject({
    edges: [{ node: { edd } }],
    pageInfo: { hasNextPage: false },
  });
  expect((await list({ areaId: graph.villageB })).data).toMatchObject({
    pregnancies: { edges: [] },
  });
  expect((await list({ outcome: 'LIVE_BIRTH' })).data).toMatchObject({
    pregnancies: { edges: [] },
  });
});

test('out of scope nothing is seen, and what is written is kept for review', async () => {
  const { input, patientId } = await registered();
  const query = `query ($id: UUID!, $of: [_Any!]!) { pregnancy(id: $id) { id }
    pregnancies { edges { node { id } } }
    _entities(representations: $of) { ... on Patient { currentPregnancy { id } pregnancies { edges { node { id } } } } } }`;
  const variables = { id: input.id, of: [{ __typename: 'Patient', id: patientId }] };
  const inside = await graph.ask(graph.worker, query, variables);
  expect(inside.data).toMatchObject({
    pregnancy: { id: input.id },
    _entities: [{ currentPregnancy: { id: input.id } }],
  });
  expect(await graph.ask(graph.outsider, query, variables)).toMatchObject({
    errors: [],
    data: {
      pregnancy: null,
      pregnancies: { edges: [] },
      _entities: [{ currentPregnancy: null, pregnancies: null }],
    },
  });
  const change = { pregnancyId: input.id, gravida: 4 };
  const foreign = await graph.write('updatePregnancy', change, { token: graph.outsider });
  expect(foreign).toMatchObject({ verdict: 'QUARANTINED' });
  const denied = await graph.attempt('updatePregnancy', change, { token: graph.pharmacist });
  expect(denied.errors[0]?.extensions.code).toBe('FORBIDDEN');
  const unknown = { pregnancyId: graph.ids.next(), gravida: 4 };
  expect(await graph.write('updatePregnancy', unknown)).toMatchObject({
    verdict: 'REJECTED',
    problems: [{ code: 'NOT_FOUND', field: 'pregnancyId' }],
  });
});

test('what people are judged by is for who treats: a partner sees a pregnancy without it', async () => {
  const { input, patientId } = await registered({ riskFlags: ['HIV'] });
  const query = `query ($id: UUID!, $of: [_Any!]!) {
    pregnancy(id: $id) { riskFlags gravida outcome }
    _entities(representations: $of) { ... on Patient { currentPregnancy { id flags: riskFlags } } }
  }`;
  const variables = { id: input.id, of: [{ __typename: 'Patient', id: patientId }] };
  const treating = await graph.ask(graph.worker, query, variables);
  expect(treating.data).toMatchObject({
    pregnancy: { riskFlags: ['HIV'] },
    _entities: [{ currentPregnancy: { flags: ['HIV'] } }],
  });
  const partner = await graph.token({ roles: ['partner'], institutionId: graph.clinic });
  const answer = await graph.ask(partner, query, variables);
  expect(answer.data).toEqual({
    pregnancy: { riskFlags: null, gravida: null, outcome: 'ONGOING' },
    _entities: [{ currentPregnancy: { id: input.id, flags: null } }],
  });
  expect(answer.errors.map(({ extensions }) => extensions)).toEqual(
    Array.from({ length: 2 }, () => ({
      code: 'FORBIDDEN',
      coordinate: 'Pregnancy.riskFlags',
      scopes: 'clinical:write',
    })),
  );
});
