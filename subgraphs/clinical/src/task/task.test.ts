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

const shown = `task { id kind state dueOn overdue note rule version closedAt closedBy { id }
  assignedTo { id } checkup { id } }`;

async function set(over: Record<string, unknown> = {}) {
  const patientId = await graph.patient();
  const input = { id: graph.ids.next(), patientId, kind: 'FOLLOW_UP', dueOn: daysAgo(1), ...over };
  return { patientId, input, receipt: await graph.write('createTask', input, { select: shown }) };
}

test('a task is set, is overdue, and is done once by whoever does it first', async () => {
  const { input, receipt } = await set({ note: 'look at the wound', assignedToId: graph.workerId });
  expect(receipt).toMatchObject({
    verdict: 'APPLIED',
    task: {
      state: 'OPEN',
      overdue: true,
      note: 'look at the wound',
      assignedTo: { id: graph.workerId },
    },
  });
  const taskId = input.id;
  const done = await Promise.all([
    graph.write('completeTask', { taskId }, { select: shown }),
    graph.write('completeTask', { taskId }, { select: shown }),
  ]);
  for (const one of done) {
    expect(one).toMatchObject({
      verdict: 'APPLIED',
      task: { state: 'DONE', overdue: false, version: 2, closedBy: { id: graph.workerId } },
    });
  }
  expect(await graph.write('cancelTask', { taskId })).toMatchObject({
    verdict: 'REJECTED',
    problems: [{ code: 'STATE_REFUSED', field: 'taskId' }],
  });
});

test('a task can be cancelled; the note lies sealed', async () => {
  const { input } = await set({ note: 'secret' });
  expect(await graph.write('cancelTask', { taskId: input.id }, { select: shown })).toMatchObject({
    verdict: 'APPLIED',
    task: { state: 'CANCELLED' },
  });
  const { rows } = await graph.pool.query('SELECT note FROM task WHERE id = $1', [input.id]);
  expect(rows[0].note).toBeInstanceOf(Buffer);
});

test('the list is in the order of due days and stays stable under inserts', async () => {
  const patientId = await graph.patient({ areaId: graph.villageB });
  const token = graph.outsider;
  const add = (dueOn: string) =>
    graph.write(
      'createTask',
      { id: graph.ids.next(), patientId, kind: 'LAB_TEST', dueOn },
      { token },
    );
  for (const days of [9, 7, 5, -3]) await add(daysAgo(days));
  const list = async (after: string | null, dueBefore: string | null = today) => {
    const answer = await graph.ask(
      token,
      `query ($areaId: UUID, $after: String, $dueBefore: Date) {
        tasks(areaId: $areaId, state: OPEN, dueBefore: $dueBefore, first: 2, after: $after) {
          edges { node { dueOn } } pageInfo { endCursor hasNextPage } } }`,
      { areaId: graph.villageB, after, dueBefore },
    );
    expect(answer.errors).toEqual([]);
    return answer.data?.['tasks'] as {
      edges: { node: { dueOn: string } }[];
      pageInfo: { endCursor: string; hasNextPage: boolean };
    };
  };
  const first = await list(null);
  expect(first.edges.map(({ node }) => node.dueOn)).toEqual([daysAgo(9), daysAgo(7)]);
  await add(daysAgo(8));
  await add(daysAgo(6));
  const second = await list(first.pageInfo.endCursor);
  expect(second.edges.map(({ node }) => node.dueOn)).toEqual([daysAgo(6), daysAgo(5)]);
  expect(second.pageInfo.hasNextPage).toBe(false);
});

test('out of scope nothing is seen or closed', async () => {
  const { input, patientId } = await set();
  const query = `query ($id: UUID!, $of: [_Any!]!) { task(id: $id) { id }
    _entities(representations: $of) { ... on Patient { tasks(state: OPEN) { edges { node { id } } } } } }`;
  const variables = { id: input.id, of: [{ __typename: 'Patient', id: patientId }] };
  expect((await graph.ask(graph.worker, query, variables)).data).toMatchObject({
    task: { id: input.id },
    _entities: [{ tasks: { edges: [{ node: { id: input.id } }] } }],
  });
  expect((await graph.ask(graph.outsider, query, variables)).data).toEqual({
    task: null,
    _entities: [{ tasks: null }],
  });
  const close = { taskId: input.id };
  expect(await graph.write('completeTask', close, { token: graph.outsider })).toMatchObject({
    verdict: 'QUARANTINED',
  });
  const denied = await graph.attempt('completeTask', close, { token: graph.pharmacist });
  expect(denied.errors[0]?.extensions.code).toBe('FORBIDDEN');
});

interface Due {
  readonly kind: string;
  readonly rule: string;
  readonly state: string;
  readonly doneOn: string | null;
}

async function dueOf(patientId: string, birthDate: string | null, token = graph.worker) {
  const query = `query ($of: [_Any!]!) { _entities(representations: $of) {
    ... on Patient { dueList { kind rule state due doneOn title(language: "hi") } } } }`;
  const of = [{ __typename: 'Patient', id: patientId, birthDate }];
  const answer = await graph.ask(token, query, { of });
  expect(answer.errors).toEqual([]);
  const [patient] = answer.data?.['_entities'] as { dueList: Due[] | null }[];
  return patient?.dueList ?? null;
}

test('the due list of a child tells which doses are done, due and overdue', async () => {
  const patientId = await graph.patient();
  const dose = { id: graph.ids.next(), patientId, rule: 'IN-UIP-BCG', givenOn: daysAgo(120) };
  await graph.write('recordImmunization', dose);
  const due = await dueOf(patientId, daysAgo(120));
  expect(due).toContainEqual(
    expect.objectContaining({ rule: 'IN-UIP-BCG', state: 'DONE', doneOn: daysAgo(120) }),
  );
  expect(due).toContainEqual(
    expect.objectContaining({ kind: 'IMMUNIZATION', rule: 'IN-UIP-PENTA-1', state: 'OVERDUE' }),
  );
  expect(await graph.accesses(patientId)).toContainEqual(
    expect.objectContaining({ action: 'READ' }),
  );
});

test('the due list of a woman follows her pregnancy and its end', async () => {
  const patientId = await graph.patient();
  const born = daysAgo(9000);
  expect(await dueOf(patientId, born)).toEqual([]);
  const pregnancyId = graph.ids.next();
  const lmp = daysAgo(270);
  await graph.write('registerPregnancy', { id: pregnancyId, patientId, lmp });
  const kinds = new Set((await dueOf(patientId, born))?.map(({ kind }) => kind));
  expect(kinds).toEqual(new Set(['ANC_VISIT', 'MATERNAL_IMMUNIZATION', 'DELIVERY']));
  const outcome = { pregnancyId, outcome: 'LIVE_BIRTH', outcomeOn: daysAgo(10) };
  await graph.write('recordPregnancyOutcome', outcome);
  const visit = { id: graph.ids.next(), patientId, visitType: 'PNC', ageDays: 9000 };
  const recordedAt = `${daysAgo(10)}T06:00:00.000Z`;
  await graph.write('recordCheckup', visit, { operation: graph.operation({ recordedAt }) });
  const after = await dueOf(patientId, born);
  expect(after?.map(({ kind }) => kind)).toEqual(Array(4).fill('POSTNATAL_VISIT'));
  expect(after?.[0]).toMatchObject({ state: 'DONE', doneOn: daysAgo(10) });
});

test('nothing is reckoned without a birth date or out of scope; the dead need nothing', async () => {
  const patientId = await graph.patient();
  expect(await dueOf(patientId, null)).toBeNull();
  expect(await dueOf(patientId, daysAgo(100), graph.outsider)).toBeNull();
  expect(await dueOf(patientId, addDays(today, 1))).not.toBeNull();
  const dead = await graph.patient({ status: 'DECEASED' });
  expect(await dueOf(dead, daysAgo(100))).toEqual([]);
});
