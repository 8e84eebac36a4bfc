import { afterAll, beforeAll, expect, test } from 'vitest';
import { countRequestStatements } from '@caregraph/testbed';
import { addDays, civilDateIn } from '@caregraph/guideline';
import { startTestDistrict, type TestDistrict } from '../test-clinical.ts';

let graph: TestDistrict;
const today = civilDateIn(new Date(), 'Asia/Kolkata');
const daysAgo = (days: number) => addDays(today, -days);
const patients: { id: string; birthDate: string }[] = [];

beforeAll(async () => {
  graph = await startTestDistrict();
  for (let n = 0; n < 50; n += 1) {
    const patientId = await graph.patient();
    patients.push({ id: patientId, birthDate: daysAgo(9000) });
    const pregnancyId = graph.ids.next();
    const checkup = (notes: string) => ({
      id: graph.ids.next(),
      patientId,
      visitType: 'ANC',
      pregnancyId,
      notes,
      dangerSigns: ['PREG_VAGINAL_BLEEDING'],
      diagnoses: [{ diseaseCode: 'O14.1' }],
    });
    const first = checkup('one');
    const id = graph.ids.next();
    const operations = [
      { registerPregnancy: { id: pregnancyId, patientId, lmp: daysAgo(100), riskFlags: ['HIV'] } },
      { recordCheckup: first },
      { recordCheckup: checkup('two') },
      { amendCheckup: { id: graph.ids.next(), amendsId: first.id, reason: 'ENTRY_ERROR' } },
      { recordImmunization: { id: graph.ids.next(), patientId, vaccineCode: 'TD', doseNumber: 1 } },
      {
        referPatient: {
          id,
          patientId,
          toInstitutionId: graph.hospital,
          urgency: 'URGENT',
          reason: 'x',
        },
      },
      { createTask: { id: graph.ids.next(), patientId, kind: 'OTHER', dueOn: today } },
    ].map((entry, n) => ({
      operation: graph.operation({ recordedAt: `2026-03-01T00:00:0${n}.000Z` }),
      ...entry,
    }));
    const batch = `mutation ($operations: [ClinicalOperation!]!) {
      applyClinicalOperations(operations: $operations) { verdict } }`;
    const answer = await graph.ask(graph.worker, batch, { operations });
    expect(answer.data?.['applyClinicalOperations']).toEqual(
      operations.map(() => ({ verdict: 'APPLIED' })),
    );
  }
});
afterAll(() => graph.stop());

const timeline = `query ($of: [_Any!]!) { _entities(representations: $of) { ... on Patient {
  checkups(first: 5) { edges { node { notes amends { id } amendedBy { id } amendments { id }
    pregnancy { riskFlags } diagnoses { disease { title } } } } }
  ofOneKind: checkups(visitType: ANC, first: 1) { edges { node { id } } }
  latestCheckup { notes patient { latestCheckup { id } } }
  pregnancies { edges { node { lmp ancVisits { state checkup { id } } } } }
  currentPregnancy { edd riskFlags }
  immunizations { edges { node { vaccineCode amends { id } } } }
  referrals { edges { node { reason steps { state } checkup { id } } } }
  tasks { edges { node { note checkup { id } } } }
  dueList { rule state } } } }`;

const ask = (count: number) =>
  graph.ask(graph.worker, timeline, {
    of: patients.slice(0, count).map((patient) => ({ __typename: 'Patient', ...patient })),
  });

test('fifty whole timelines cost as many statements as two', async () => {
  const counted = await countRequestStatements(graph.pool, () => ask(50));
  expect(counted.result.errors).toEqual([]);
  const few = await countRequestStatements(graph.pool, () => ask(2));
  expect(counted.count).toBe(few.count);
  expect(counted.count).toBeLessThan(40);
  const entities = counted.result.data?.['_entities'] as Record<string, unknown>[];
  expect(entities).toHaveLength(50);
  for (const entity of entities) {
    expect(entity).toMatchObject({
      checkups: { edges: [{ node: { notes: 'two' } }, { node: { amendedBy: null } }] },
      currentPregnancy: { riskFlags: ['HIV'] },
      immunizations: { edges: [{ node: { vaccineCode: 'TD' } }] },
      referrals: { edges: [{ node: { reason: 'x', steps: [{ state: 'REQUESTED' }] } }] },
      tasks: { edges: [{}] },
    });
  }
});

test('a request of many patients leaves one intent that names each of them', async () => {
  const before = await graph.pool.query('SELECT max(position) AS last FROM outbox_event');
  await ask(50);
  const { rows } = await graph.pool.query(
    `SELECT data FROM outbox_event WHERE position > $1 AND data->>'action' = 'READ'`,
    [before.rows[0].last],
  );
  expect(rows).toHaveLength(1);
  expect(rows[0].data.accesses).toHaveLength(50);
  expect(new Set(rows[0].data.accesses[0].types)).toEqual(
    new Set(['Checkup', 'Pregnancy', 'Immunization', 'Referral', 'Task']),
  );
});

test.each(['abc.def.ghi', ''])('without a token (%s) there is 401 and no data', async (token) => {
  const answer = await graph.ask(token, '{ checkups { edges { node { id } } } }');
  expect(answer.status).toBe(401);
  expect(answer.data).toBeUndefined();
});

test('a page is of 1 to 200', async () => {
  for (const first of [0, 201, -1]) {
    const query = `{ checkups(first: ${first}) { edges { node { id } } } }`;
    const answer = await graph.ask(graph.worker, query);
    expect(answer.errors[0]?.extensions.code).toBe('PAGE_SIZE_INVALID');
  }
});

test('what was erased is not recorded again', async () => {
  const patientId = await graph.patient();
  await graph.pool.query(`UPDATE patient_ref SET status = 'ERASED' WHERE id = $1`, [patientId]);
  const checkup = { id: graph.ids.next(), patientId, visitType: 'GENERAL' };
  expect(await graph.write('recordCheckup', checkup)).toMatchObject({
    verdict: 'REJECTED',
    problems: [{ code: 'ERASED' }],
  });
});
