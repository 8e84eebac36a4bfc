import { afterAll, beforeAll, expect, test } from 'vitest';
import { countRequestStatements } from '@caregraph/testbed';
import {
  accessesOf,
  changesOf,
  createTestDistrict,
  placedEvents,
  type TestDistrict,
} from '../test-district.ts';

let d: TestDistrict;
beforeAll(async () => {
  d = await createTestDistrict();
});
afterAll(() => d.graph.stop());

const id = () => d.graph.ids.next();

async function settle(over: Record<string, unknown> = {}, token = d.worker) {
  const input = { id: id(), areaId: d.north, label: '12 B', address: 'By the well', ...over };
  return { id: String(input.id), receipt: await d.write(token, 'registerHousehold', input) };
}

test('a household is registered empty, and its members name it', async () => {
  const { id: householdId, receipt } = await settle();
  expect(receipt).toMatchObject({
    verdict: 'APPLIED',
    household: { label: '12 B', address: 'By the well', version: 1, head: null, members: [] },
  });
  const { id: memberId } = await d.register({ householdId });
  const headed = await d.write(d.worker, 'updateHousehold', { householdId, headId: memberId });
  expect(headed).toMatchObject({
    household: { version: 2, head: { id: memberId }, members: [{ id: memberId }] },
  });
});

test('a new area moves everyone who lives there, in one transaction', async () => {
  const { id: householdId } = await settle();
  const members = [await d.register({ householdId }), await d.register({ householdId })];
  await d.write(d.worker, 'updateHousehold', { householdId, headId: members[0]?.id });
  const moved = await d.write(d.worker, 'updateHousehold', { householdId, areaId: d.south });
  expect(moved).toMatchObject({
    verdict: 'APPLIED',
    household: { areaId: d.south, members: [{ areaId: d.south }, { areaId: d.south }] },
  });
  for (const { id: memberId } of members) {
    const move = { before: d.north, after: d.south };
    expect((await changesOf(d.graph, memberId)).at(-1)).toMatchObject({ version: 2, ...move });
    expect((await placedEvents(d.graph, memberId)).at(-1)).toMatchObject({
      areaId: d.south,
      version: 2,
    });
  }
});

test('a member whose household has moved meanwhile is registered where it is', async () => {
  const { id: householdId } = await settle();
  await d.write(d.worker, 'updateHousehold', { householdId, areaId: d.south });
  const input = { id: id(), name: 'Asha', sex: 'FEMALE', areaId: d.north, householdId };
  expect(await d.write(d.worker, 'registerPatient', input)).toMatchObject({
    verdict: 'MERGED',
    patient: { areaId: d.south, householdId },
  });
});

test('a household moves while people move in: nobody is left behind', async () => {
  const { id: householdId } = await settle();
  const people = await Promise.all(Array.from({ length: 6 }, () => d.register()));
  const answers = await Promise.all([
    ...people.map(({ id: patientId }) =>
      d.write(d.worker, 'movePatient', { patientId, householdId }),
    ),
    d.write(d.worker, 'updateHousehold', { householdId, areaId: d.south }),
  ]);
  expect(answers.every((one) => one['verdict'] === 'APPLIED')).toBe(true);
  const { rows } = await d.graph.pool.query(
    'SELECT count(*)::int FROM patient WHERE household_id = $1 AND area_id = $2',
    [householdId, d.south],
  );
  expect(rows).toEqual([{ count: 6 }]);
});

test('changes to different fields merge; two addresses conflict and the later visit shows', async () => {
  const { id: householdId } = await settle();
  const other = { deviceId: id(), deviceSequence: 1, baseVersion: 1 };
  const change = (input: object, stamp: Record<string, unknown>) =>
    d.write(d.worker, 'updateHousehold', { householdId, ...input }, stamp);
  await change({ address: 'Behind the mill' }, { baseVersion: 1 });
  expect(await change({ label: '14' }, other)).toMatchObject({ verdict: 'MERGED' });
  const conflict = await change({ address: 'New road' }, { ...other, deviceSequence: 2 });
  expect(conflict).toMatchObject({
    verdict: 'CONFLICT',
    problems: [{ code: 'FIELD_CONFLICT', field: 'address' }],
    household: { address: 'New road', label: '14' },
  });
});

test.each([
  ['a head who lives elsewhere', 'headId', 'REFERENCE_NOT_FOUND'],
  ['an area where the actor does not work', 'areaId', 'REFERENCE_NOT_FOUND'],
])('refuses %s', async (_name, field, code) => {
  const { id: householdId } = await settle();
  const value = field === 'headId' ? (await d.register()).id : d.abroad;
  expect(await d.write(d.worker, 'updateHousehold', { householdId, [field]: value })).toMatchObject(
    {
      verdict: 'REJECTED',
      problems: [{ code, field }],
    },
  );
});

test('the database refuses a head who is no member, and a member who lives elsewhere', async () => {
  const { id: householdId } = await settle();
  const { id: memberId } = await d.register({ householdId });
  const { id: strangerId } = await d.register();
  const { pool } = d.graph;
  await expect(
    pool.query('UPDATE household SET head_id = $1 WHERE id = $2', [strangerId, householdId]),
  ).rejects.toMatchObject({ constraint: 'household_head_id_id_fkey' });
  await expect(
    pool.query('UPDATE patient SET area_id = $1 WHERE id = $2', [d.south, memberId]),
  ).rejects.toMatchObject({ constraint: 'patient_household_id_area_id_fkey' });
});

test('households out of scope are not there, and a change of one is kept', async () => {
  const { id: householdId } = await settle();
  const query = `{ household(id: "${householdId}") { label }
    households(areaId: "${d.north}") { edges { node { id } } } }`;
  const own = await d.ask(d.worker, query);
  expect(own.data).toMatchObject({ household: { label: '12 B' } });
  expect(JSON.stringify(own.data)).toContain(householdId);
  const hidden = await d.ask(d.foreign, query);
  expect(hidden.data).toEqual({ household: null, households: { edges: [] } });
  expect(await d.write(d.foreign, 'updateHousehold', { householdId, label: 'X' })).toMatchObject({
    verdict: 'QUARANTINED',
    household: null,
  });
  expect(await settle({ areaId: d.abroad })).toMatchObject({ receipt: { verdict: 'REJECTED' } });
});

test('members out of scope are not shown with a household that is in scope', async () => {
  const { id: householdId } = await settle();
  await d.register({ householdId });
  const { rows } = await d.graph.pool.query<{ author_id: string }>(
    'UPDATE household SET author_id = $2 WHERE id = $1 RETURNING author_id',
    [householdId, id()],
  );
  const author = await d.graph.token({ id: String(rows[0]?.author_id), areaRoots: [d.abroad] });
  const answer = await d.ask(
    author,
    `{ household(id: "${householdId}") { label members { id } } }`,
  );
  expect(answer.data).toEqual({ household: { label: '12 B', members: [] } });
});

test('who reads where a household is leaves that on the record of everyone who lives there', async () => {
  const { id: householdId } = await settle();
  const members = [await d.register({ householdId }), await d.register({ householdId })];
  const { id: elsewhere } = await d.register();
  const queries = [
    `{ household(id: "${householdId}") { address } }`,
    `{ households(areaId: "${d.north}", first: 200) { edges { node { label } } } }`,
    `{ _entities(representations: [{ __typename: "Household", id: "${householdId}" }]) {
      ... on Household { label } } }`,
  ];
  for (const query of queries) {
    for (const { id: patientId } of members) {
      const before = (await accessesOf(d.graph, patientId)).length;
      expect((await d.ask(d.worker, query)).errors).toEqual([]);
      await d.ask(d.foreign, query);
      const reads = (await accessesOf(d.graph, patientId)).slice(before);
      expect(reads).toMatchObject([{ action: 'READ', actor: { id: d.workerId } }]);
      expect(reads[0]?.['accesses']).toContainEqual({ patientId, types: ['Household'] });
    }
  }
  expect(JSON.stringify(await accessesOf(d.graph, elsewhere))).not.toContain('Household');
});

test('a household that only tells of a next page is on nobody as read', async () => {
  const areaId = d.south;
  const list = `query ($after: String) { households(areaId: "${areaId}", first: 1, after: $after) {
    edges { node { id } } pageInfo { endCursor } } }`;
  const southern = async (after?: string) =>
    (await d.ask(d.worker, list, { after })).data?.['households'] as {
      edges: { node: { id: string } }[];
      pageInfo: { endCursor: string };
    };
  const [one, two] = [await settle({ areaId }), await settle({ areaId })];
  const { id: memberId } = await d.register({ areaId, householdId: two.id });
  let page = await southern();
  while (page.edges[0]?.node.id !== one.id) page = await southern(page.pageInfo.endCursor);
  const shown = async () => JSON.stringify(await accessesOf(d.graph, memberId)).split('households');
  expect(await shown()).toHaveLength(1);
  await southern(page.pageInfo.endCursor);
  expect(await shown()).toHaveLength(2);
});

test('a write of a household, taken, refused or kept, is on the record of who lives there', async () => {
  const { id: householdId } = await settle();
  const members = [await d.register({ householdId }), await d.register({ householdId })];
  const [first, second] = members.map((one) => one.id).sort() as [string, string];
  const lastWrite = async (patientId: string) =>
    (await accessesOf(d.graph, patientId)).filter((one) => one['action'] === 'WRITE').at(-1);

  await d.write(d.worker, 'updateHousehold', { householdId, address: 'Behind the mill' });
  for (const patientId of [first, second]) {
    expect(await lastWrite(patientId)).toMatchObject({
      operation: 'updateHousehold',
      outcome: 'APPLIED',
      accesses: [
        { patientId: first, types: ['Household'] },
        { patientId: second, types: ['Household'] },
      ],
    });
  }
  await d.write(d.worker, 'updateHousehold', { householdId, areaId: d.abroad });
  expect(await lastWrite(first)).toMatchObject({ outcome: 'REJECTED' });
  // The head answers for the household when there is one.
  await d.write(d.worker, 'updateHousehold', { householdId, headId: second });
  await d.write(d.foreign, 'updateHousehold', { householdId, label: 'X' });
  expect(await lastWrite(second)).toMatchObject({
    operation: 'updateHousehold',
    outcome: 'QUARANTINED',
  });
  await d.write(d.worker, 'updateHousehold', { householdId, headId: id() });
  expect(await lastWrite(second)).toMatchObject({ outcome: 'REJECTED' });
});

test('the number of statements does not grow with the number of households', async () => {
  for (let n = 0; n < 10; n += 1) {
    const { id: householdId } = await settle();
    await d.register({ householdId });
  }
  const query = `query ($first: Int!) {
    households(areaId: "${d.north}", first: $first) { edges { node { label } } }
  }`;
  const count = async (first: number) =>
    (await countRequestStatements(d.graph.pool, () => d.ask(d.worker, query, { first }))).count;
  await count(10);
  expect(await count(10)).toBe(await count(1));
});

test.each(['households', 'patients'])('a cursor of %s with no id is refused', async (list) => {
  await settle();
  await d.register();
  const query = `query ($after: String) {
    ${list}(first: 1, after: $after) { edges { node { id } } pageInfo { endCursor } }
  }`;
  const first = await d.ask(d.worker, query);
  const { endCursor } = (first.data?.[list] as { pageInfo: { endCursor: string } }).pageInfo;
  const [origin] = JSON.parse(Buffer.from(endCursor, 'base64url').toString()) as string[];
  for (const key of [['x'], [], ["'; --"]]) {
    const after = Buffer.from(JSON.stringify([origin, ...key])).toString('base64url');
    const answer = await d.ask(d.worker, query, { after });
    expect(answer.errors[0]?.extensions.code).toBe('CURSOR_INVALID');
  }
  expect((await d.ask(d.worker, query, { after: endCursor })).errors).toEqual([]);
});
