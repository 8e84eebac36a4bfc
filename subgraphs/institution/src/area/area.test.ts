import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { countRequestStatements, createTestSubgraph, type TestSubgraph } from '@caregraph/testbed';
import { createInstitutionSubgraph } from '../index.ts';

let graph: TestSubgraph;
let platform: string;

beforeAll(async () => {
  graph = await createTestSubgraph('institution', createInstitutionSubgraph);
  platform = await graph.token({ roles: ['platform_admin'], purposes: ['administration'] });
});
afterAll(() => graph.stop());

const registerArea = `mutation ($operation: OperationInput!, $input: RegisterAreaInput!) {
  registerArea(operation: $operation, input: $input) {
    verdict replayed problems { code field } area { id name version ancestors { id } }
  }
}`;
const updateArea = `mutation ($operation: OperationInput!, $input: UpdateAreaInput!) {
  updateArea(operation: $operation, input: $input) {
    verdict replayed problems { code field } area { name code timeZone version }
  }
}`;

const migration = new URL(
  '../../../../prisma/institution/migrations/20261128140513_districts_of_areas/migration.sql',
  import.meta.url,
);

/** Which district the events tell of each area. */
async function districtsTold(): Promise<Map<string, string>> {
  const { rows } = await graph.pool.query<{ area: string; district: string }>(
    `SELECT data->>'areaId' AS area, data->>'districtId' AS district FROM outbox_event
     WHERE type = 'org.caregraph.area.placed.v1'`,
  );
  return new Map(rows.map(({ area, district }) => [area, district]));
}

async function plant(over: Record<string, unknown> = {}) {
  const input = {
    id: graph.ids.next(),
    kind: 'DISTRICT',
    name: 'Gaya',
    timeZone: 'Asia/Kolkata',
    ...over,
  };
  const answer = await graph.ask(platform, registerArea, { operation: graph.operation(), input });
  expect(answer.errors).toEqual([]);
  return { id: String(input.id), receipt: answer.data?.['registerArea'] };
}

test('an area is registered below its parent and told to the other subgraphs', async () => {
  const district = await plant();
  const block = await plant({ kind: 'BLOCK', name: 'Bodh Gaya', parentId: district.id });
  expect(block.receipt).toMatchObject({
    verdict: 'APPLIED',
    area: { ancestors: [{ id: district.id }] },
  });
  const { rows } = await graph.pool.query(
    `SELECT data FROM outbox_event WHERE subject = $1 AND type = 'org.caregraph.area.placed.v1'`,
    [block.id],
  );
  expect(rows).toEqual([
    {
      data: {
        areaId: block.id,
        ancestors: [district.id, block.id],
        districtId: district.id,
        version: 1,
      },
    },
  ]);
});

test('an area is told with the district it lies in, or with itself above districts', async () => {
  const country = await plant({ kind: 'COUNTRY' });
  const state = await plant({ kind: 'STATE', parentId: country.id });
  const district = await plant({ parentId: state.id });
  const block = await plant({ kind: 'BLOCK', parentId: district.id });
  const village = await plant({ kind: 'VILLAGE', parentId: block.id });
  // An island without districts: its block stands for one.
  const island = await plant({ kind: 'BLOCK', parentId: state.id });
  const hamlet = await plant({ kind: 'VILLAGE', parentId: island.id });
  const told = await districtsTold();
  const areas = [country, state, district, block, village, island, hamlet];
  const districts = [country, state, district, district, district, island, island];
  expect(areas.map(({ id }) => told.get(id))).toEqual(districts.map(({ id }) => id));
});

test('areas that are older than districts are told anew, each once and its parents first', async () => {
  await plant({ kind: 'VILLAGE', parentId: (await plant({ kind: 'BLOCK' })).id });
  const before = await districtsTold();
  const { rows: areas } = await graph.pool.query('SELECT id FROM area');
  await graph.pool.query('DELETE FROM outbox_event');
  await graph.pool.query(await readFile(migration, 'utf8'));
  const told = await districtsTold();
  expect(told).toEqual(before);
  expect(told.size).toBe(areas.length);
  const { rows } = await graph.pool.query<{ data: { areaId: string; ancestors: string[] } }>(
    'SELECT data FROM outbox_event ORDER BY position',
  );
  const seen = new Set<string>();
  for (const { data } of rows) {
    seen.add(data.areaId);
    expect(data.ancestors.every((id) => seen.has(id))).toBe(true);
  }
  expect(rows).toHaveLength(areas.length);
});

test('the same operation again gives the first verdict; another request under its id is refused', async () => {
  const operation = graph.operation();
  const input = { id: graph.ids.next(), kind: 'STATE', name: 'Bihar', timeZone: 'Asia/Kolkata' };
  const first = await graph.ask(platform, registerArea, { operation, input });
  expect(first.data?.['registerArea']).toMatchObject({ verdict: 'APPLIED', replayed: false });
  const again = await graph.ask(platform, registerArea, {
    operation: { ...operation, clockOffsetMs: 17 },
    input,
  });
  expect(again.data?.['registerArea']).toMatchObject({ verdict: 'APPLIED', replayed: true });
  const other = await graph.ask(platform, registerArea, {
    operation,
    input: { ...input, name: 'B' },
  });
  expect(other.errors[0]?.extensions.code).toBe('OPERATION_ID_REUSED');
});

test('the same operation sent twenty times at once is applied once', async () => {
  const operation = graph.operation();
  const input = { id: graph.ids.next(), kind: 'STATE', name: 'Assam', timeZone: 'Asia/Kolkata' };
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => graph.ask(platform, registerArea, { operation, input })),
  );
  const receipts = answers.map((answer) => answer.data?.['registerArea'] as { replayed: boolean });
  expect(receipts.filter((receipt) => !receipt.replayed)).toHaveLength(1);
});

test('a refusal is recorded, and replayed as it was', async () => {
  const operation = graph.operation();
  const input = { id: graph.ids.next(), kind: 'BLOCK', name: 'X', timeZone: 'Mars/Olympus' };
  for (const replayed of [false, true]) {
    const answer = await graph.ask(platform, registerArea, { operation, input });
    expect(answer.data?.['registerArea']).toMatchObject({
      verdict: 'REJECTED',
      replayed,
      problems: [{ code: 'INPUT_INVALID', field: 'timeZone' }],
      area: null,
    });
  }
});

test('changes to different fields merge, changes to one field conflict and nothing is lost', async () => {
  const { id } = await plant({ name: 'Old' });
  const change = (input: object, over: object) =>
    graph.ask(platform, updateArea, {
      operation: graph.operation({ baseVersion: 1, ...over }),
      input: { id, ...input },
    });
  const other = { deviceId: graph.ids.next(), deviceSequence: 1 };
  const first = await change({ name: 'New' }, {});
  expect(first.data?.['updateArea']).toMatchObject({ verdict: 'APPLIED', area: { version: 2 } });
  const merged = await change({ code: 'IN-X' }, other);
  expect(merged.data?.['updateArea']).toMatchObject({
    verdict: 'MERGED',
    area: { name: 'New', code: 'IN-X' },
  });
  const conflict = await change({ name: 'Third' }, { ...other, deviceSequence: 2 });
  expect(conflict.data?.['updateArea']).toMatchObject({
    verdict: 'CONFLICT',
    problems: [{ code: 'FIELD_CONFLICT', field: 'name' }],
    area: { name: 'New' },
  });
  const kept = await graph.pool.query(
    'SELECT field, shown FROM conflict_record WHERE entity_id = $1',
    [id],
  );
  expect(kept.rows).toEqual([{ field: 'name', shown: 'SERVER' }]);
});

test('who may not, is refused; the batch refuses each entry by its own policy', async () => {
  const worker = await graph.token({});
  const input = { id: graph.ids.next(), kind: 'STATE', name: 'X', timeZone: 'UTC' };
  const single = await graph.ask(worker, registerArea, { operation: graph.operation(), input });
  expect(single.errors[0]?.extensions).toMatchObject({ code: 'FORBIDDEN' });
  const batch = `mutation ($operations: [InstitutionOperation!]!) {
    applyInstitutionOperations(operations: $operations) { operationId }
  }`;
  const operations = [{ operation: graph.operation(), registerArea: input }];
  const batched = await graph.ask(worker, batch, { operations });
  expect(batched.data).toEqual({ applyInstitutionOperations: [null] });
  expect(batched.errors[0]?.extensions).toMatchObject({ code: 'FORBIDDEN' });
  const { rows } = await graph.pool.query('SELECT 1 FROM area WHERE id = $1', [input.id]);
  expect(rows).toEqual([]);
});

test('a batch stops at the first failure and says which entries were not reached', async () => {
  const batch = `mutation ($operations: [InstitutionOperation!]!, $stop: Boolean!) {
    applyInstitutionOperations(operations: $operations, stopOnFailure: $stop) { verdict }
  }`;
  const area = (over = {}) => ({
    id: graph.ids.next(),
    kind: 'STATE',
    name: 'Y',
    timeZone: 'UTC',
    ...over,
  });
  const entries = () => [
    { operation: graph.operation(), registerArea: area({ parentId: graph.ids.next() }) },
    { operation: graph.operation(), registerArea: area() },
    { operation: graph.operation() },
  ];
  const stopped = await graph.ask(platform, batch, { operations: entries(), stop: true });
  expect(stopped.data).toEqual({
    applyInstitutionOperations: [{ verdict: 'REJECTED' }, null, null],
  });
  expect(stopped.errors.map((one) => one.extensions.code)).toEqual([
    'OPERATION_NOT_REACHED',
    'OPERATION_NOT_REACHED',
  ]);
  const through = await graph.ask(platform, batch, { operations: entries(), stop: false });
  expect(through.data).toEqual({
    applyInstitutionOperations: [{ verdict: 'REJECTED' }, { verdict: 'APPLIED' }, null],
  });
  expect(through.errors.map((one) => one.extensions.code)).toEqual(['OPERATION_MEMBERS_INVALID']);
});

test('pages stay stable under inserts, and a cursor fits only its own list', async () => {
  const { id: parentId } = await plant({ kind: 'DISTRICT' });
  for (const name of ['B', 'D', 'F']) await plant({ kind: 'BLOCK', name, parentId });
  const list = `query ($parentId: UUID, $after: String) {
    areas(parentId: $parentId, first: 2, after: $after) {
      edges { node { name } } pageInfo { hasNextPage endCursor }
    }
  }`;
  const first = await graph.ask(platform, list, { parentId });
  const { edges, pageInfo } = first.data?.['areas'] as {
    edges: unknown;
    pageInfo: { endCursor: string };
  };
  expect(edges).toEqual([{ node: { name: 'B' } }, { node: { name: 'D' } }]);
  for (const name of ['A', 'C', 'E']) await plant({ kind: 'BLOCK', name, parentId });
  const second = await graph.ask(platform, list, { parentId, after: pageInfo.endCursor });
  expect(second.data?.['areas']).toMatchObject({
    edges: [{ node: { name: 'E' } }, { node: { name: 'F' } }],
  });
  const foreign = await graph.ask(platform, list, { after: pageInfo.endCursor });
  expect(foreign.errors[0]?.extensions.code).toBe('CURSOR_INVALID');
});

test('the number of statements does not grow with the number of areas', async () => {
  const { id: parentId } = await plant({ kind: 'DISTRICT' });
  for (let n = 0; n < 30; n += 1) await plant({ kind: 'BLOCK', name: `Block ${n}`, parentId });
  const query = `query ($parentId: UUID!, $first: Int!) {
    areas(parentId: $parentId, first: $first) {
      edges { node { name parent { name } ancestors { name } children(first: 5) { edges { node { name } } } } }
    }
  }`;
  const count = async (first: number) =>
    (
      await countRequestStatements(graph.pool, () =>
        graph.ask(platform, query, { parentId, first }),
      )
    ).count;
  await count(30);
  expect(await count(30)).toBe(await count(3));
});

test.each([
  ['no token', ''],
  ['garbage', 'abc.def.ghi'],
])('%s gets 401 and no data', async (_name, token) => {
  const answer = await graph.ask(token, '{ areas { edges { node { id } } } }');
  expect(answer.status).toBe(401);
  expect(answer.data).toBeUndefined();
});

test('a value of the wrong form is named by its place, and not quoted', async () => {
  const input = { id: 'Rehana Begum', kind: 'STATE', name: 'X', timeZone: 'UTC' };
  const answer = await graph.ask(platform, registerArea, { operation: graph.operation(), input });
  expect(answer.status).toBe(400);
  expect(answer.errors[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT', at: 'input.id' });
  const literal = await graph.ask(platform, '{ area(id: "Rehana Begum") { id } }');
  expect(literal.status).toBe(400);
  expect(JSON.stringify([answer.errors, literal.errors])).not.toContain('Rehana');
});
