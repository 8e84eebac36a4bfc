import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestSubgraph, type TestSubgraph } from '@caregraph/testbed';
import { createInstitutionSubgraph } from '../index.ts';

let graph: TestSubgraph;
let platform: string;
let country: string;
let village: string;

beforeAll(async () => {
  graph = await createTestSubgraph('institution', createInstitutionSubgraph);
  platform = await graph.token({ roles: ['platform_admin'], purposes: ['administration'] });
  country = await registerArea('COUNTRY');
  village = await registerArea('VILLAGE', country);
});
afterAll(() => graph.stop());

async function write(token: string, name: string, input: object, over = {}) {
  const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}Input`;
  const mutation = `mutation ($operation: OperationInput!, $input: ${type}!) {
    ${name}(operation: $operation, input: $input) { verdict problems { code field } }
  }`;
  const answer = await graph.ask(token, mutation, { operation: graph.operation(over), input });
  expect(answer.errors).toEqual([]);
  return answer.data?.[name];
}

async function registerArea(kind: string, parentId?: string): Promise<string> {
  const id = graph.ids.next();
  const place = { id, kind, name: 'Place', timeZone: 'Asia/Kolkata' };
  const input = parentId === undefined ? place : { ...place, parentId };
  expect(await write(platform, 'registerArea', input)).toMatchObject({ verdict: 'APPLIED' });
  return id;
}

/** A clinic in the village in a state that the platform gave it, with its administrator. */
async function clinic(verification = 'VERIFIED') {
  const id = graph.ids.next();
  const registryCode = `R-${id}`;
  const input = { id, kind: 'CLINIC', name: 'Clinic', registryCode, areaId: village };
  await write(platform, 'registerInstitution', input);
  await write(platform, 'verifyInstitution', { id, verification });
  const token = await graph.token({
    roles: ['institution_admin'],
    institutionId: id,
    areaRoots: [country],
  });
  return { ...input, token };
}

async function read(id: string) {
  const query = `{ institution(id: "${id}") {
    kind name registryCode area { id } verification verifiedAt
  } }`;
  return (await graph.ask(platform, query)).data?.['institution'];
}

test.each([{ kind: 'HOSPITAL' }, { name: 'Another' }, { registryCode: null }])(
  'an institution that calls itself something else is verified no more: %o',
  async (change) => {
    const { id, token } = await clinic();
    expect(await write(token, 'updateInstitution', { id, ...change })).toMatchObject({
      verdict: 'APPLIED',
    });
    const after = { ...change, verification: 'UNVERIFIED', verifiedAt: null };
    expect(await read(id)).toMatchObject(after);
    await write(platform, 'verifyInstitution', { id, verification: 'VERIFIED' });
    expect(await read(id)).toMatchObject({ ...change, verification: 'VERIFIED' });
  },
);

test('a change that was made before the verification does not survive it as verified', async () => {
  const { id, token } = await clinic();
  const late = { deviceId: graph.ids.next(), deviceSequence: 1, baseVersion: 1 };
  expect(await write(token, 'updateInstitution', { id, name: 'Other' }, late)).toMatchObject({
    verdict: 'MERGED',
  });
  expect(await read(id)).toMatchObject({ name: 'Other', verification: 'UNVERIFIED' });
});

test('what changes nothing, and what the platform changes, stays verified', async () => {
  const { id, kind, name, registryCode, areaId, token } = await clinic();
  await write(token, 'updateInstitution', { id, kind, name, registryCode, areaId });
  expect(await read(id)).toMatchObject({ verification: 'VERIFIED' });
  await write(platform, 'updateInstitution', { id, name: 'Renamed' });
  expect(await read(id)).toMatchObject({ name: 'Renamed', verification: 'VERIFIED' });
});

test('a new name does not wash a revocation off', async () => {
  const { id, token } = await clinic('REVOKED');
  await write(token, 'updateInstitution', { id, name: 'Fresh start' });
  expect(await read(id)).toMatchObject({ name: 'Fresh start', verification: 'REVOKED' });
});

test('the platform alone says where an institution is', async () => {
  const { id, token } = await clinic();
  const move = { id, name: 'Moved', areaId: country };
  expect(await write(token, 'updateInstitution', move)).toMatchObject({
    verdict: 'REJECTED',
    problems: [{ code: 'REFERENCE_NOT_FOUND', field: 'areaId' }],
  });
  expect(await read(id)).toMatchObject({ name: 'Clinic', area: { id: village } });
  expect(await write(platform, 'updateInstitution', move)).toMatchObject({ verdict: 'APPLIED' });
  expect(await read(id)).toMatchObject({ name: 'Moved', area: { id: country } });
});

test.each([
  ['areas', 'areas(ARGS)', ['A', 'x']],
  ['institutions', 'institutions(ARGS)', ['A', 'x']],
  ['institutions', 'institutions(ARGS)', ['A\0', '019a0000-0000-7000-8000-000000000000']],
  ['partners', 'partners(ARGS)', ['A', 'x']],
  ['staff', 'staff(institutionId: "ID", ARGS)', ['A', 'x']],
  ['children', 'area(id: "AREA") { children(ARGS)', ['A', 'x']],
  ['staff', 'institution(id: "ID") { staff(ARGS)', ['A', 'x']],
  ['devices', 'institution(id: "ID") { devices(ARGS)', ['x']],
] as const)('a cursor of %s with a key that no row has is refused: %s', async (_n, path, key) => {
  const { id } = await clinic();
  const person = { name: 'Asha', role: 'HEALTH_WORKER', institutionId: id, areaIds: [village] };
  await write(platform, 'registerStaff', { id: graph.ids.next(), ...person });
  await write(platform, 'enrolDevice', { id: graph.ids.next(), label: 'P', institutionId: id });
  await write(platform, 'registerPartner', { id: graph.ids.next(), name: 'L', institutionId: id });
  const list = path
    .replace('AREA', country)
    .replace('ID', id)
    .replace('ARGS', 'first: 1, after: $after');
  const end = path.includes('{') ? '} }' : '}';
  const query = `query ($after: String) { ${list} { pageInfo { endCursor } } ${end}`;
  const first = await graph.ask(platform, query);
  expect(first.errors).toEqual([]);
  const found = /"endCursor":"([^"]+)"/.exec(JSON.stringify(first.data))?.[1] ?? '';
  const [origin] = JSON.parse(Buffer.from(found, 'base64url').toString()) as string[];
  const after = Buffer.from(JSON.stringify([origin, ...key])).toString('base64url');
  const forged = await graph.ask(platform, query, { after });
  expect(forged.errors[0]?.extensions.code).toBe('CURSOR_INVALID');
  expect((await graph.ask(platform, query, { after: found })).errors).toEqual([]);
});
