import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestSubgraph, type TestSubgraph } from '@caregraph/testbed';
import { createInstitutionSubgraph } from '../index.ts';

let graph: TestSubgraph;
let platform: string;
let village: string;
let otherVillage: string;
let clinic: string;
let otherClinic: string;

beforeAll(async () => {
  graph = await createTestSubgraph('institution', createInstitutionSubgraph);
  platform = await graph.token({ roles: ['platform_admin'], purposes: ['administration'] });
  const country = await write(platform, 'registerArea', area('COUNTRY'));
  village = await write(platform, 'registerArea', area('VILLAGE', country));
  otherVillage = await write(platform, 'registerArea', area('VILLAGE', country));
  clinic = await write(platform, 'registerInstitution', institution(village));
  otherClinic = await write(platform, 'registerInstitution', institution(otherVillage));
});
afterAll(() => graph.stop());

const area = (kind: string, parentId?: string) => ({
  ...{ id: graph.ids.next(), kind, name: 'Place', timeZone: 'Asia/Kolkata' },
  ...(parentId === undefined ? {} : { parentId }),
});
const institution = (areaId: string) => ({
  id: graph.ids.next(),
  kind: 'CLINIC',
  name: 'C',
  areaId,
});
const person = (over: Record<string, unknown> = {}) => ({
  ...{ id: graph.ids.next(), name: 'Asha', role: 'HEALTH_WORKER', contact: '098765 43210' },
  ...{ institutionId: clinic, areaIds: [village], ...over },
});

interface Receipt {
  readonly verdict: string;
  readonly problems: readonly { readonly code: string; readonly field: string | null }[];
}

async function attempt(token: string, name: string, input: object, over = {}): Promise<Receipt> {
  const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}Input`;
  const mutation = `mutation ($operation: OperationInput!, $input: ${type}!) {
    ${name}(operation: $operation, input: $input) { verdict problems { code field } }
  }`;
  const answer = await graph.ask(token, mutation, { operation: graph.operation(over), input });
  expect(answer.errors).toEqual([]);
  return answer.data?.[name] as Receipt;
}

async function write(token: string, name: string, input: { id: string }): Promise<string> {
  expect(await attempt(token, name, input)).toMatchObject({ verdict: 'APPLIED' });
  return input.id;
}

const admin = (over = {}) =>
  graph.token({
    roles: ['institution_admin'],
    institutionId: clinic,
    areaRoots: [village],
    ...over,
  });

test('an administrator registers staff of the own institution, for areas of their own', async () => {
  const token = await admin();
  await write(token, 'registerStaff', person());
  for (const [over, field] of [
    [{ institutionId: otherClinic }, 'institutionId'],
    [{ areaIds: [otherVillage] }, 'areaIds'],
    [{ role: 'PLATFORM_ADMIN' }, 'role'],
  ] as const) {
    const receipt = await attempt(token, 'registerStaff', person(over));
    expect(receipt.verdict).toBe('REJECTED');
    expect(receipt.problems[0]?.field).toBe(field);
  }
});

test('an administrator cannot raise a role or widen areas by an update either', async () => {
  const token = await admin();
  const id = await write(token, 'registerStaff', person());
  for (const change of [{ role: 'PLATFORM_ADMIN' }, { areaIds: [village, otherVillage] }]) {
    const receipt = await attempt(token, 'updateStaff', { id, ...change });
    expect(receipt.verdict).toBe('REJECTED');
  }
  const stranger = await admin({ institutionId: otherClinic, areaRoots: [otherVillage] });
  expect(await attempt(stranger, 'updateStaff', { id, name: 'X' })).toMatchObject({
    verdict: 'REJECTED',
    problems: [{ code: 'NOT_FOUND' }],
  });
});

test('the way to reach a person is seen within their institution only', async () => {
  const id = await write(platform, 'registerStaff', person());
  const query = 'query ($id: UUID!) { staffMember(id: $id) { name contact } }';
  const own = await graph.ask(await graph.token({ institutionId: clinic }), query, { id });
  expect(own.data?.['staffMember']).toEqual({ name: 'Asha', contact: '098765 43210' });
  const foreign = await graph.ask(await graph.token({ institutionId: otherClinic }), query, { id });
  expect(foreign.data?.['staffMember']).toEqual({ name: 'Asha', contact: null });
  const list = 'query ($id: UUID!) { staff(institutionId: $id) { edges { node { name } } } }';
  const listed = await graph.ask(await graph.token({ institutionId: otherClinic }), list, {
    id: clinic,
  });
  expect(listed.data?.['staff']).toEqual({ edges: [] });
});

test('contacts are stored sealed: neither the column nor its index holds the number', async () => {
  const id = await write(platform, 'registerStaff', person());
  const { rows } = await graph.pool.query(
    'SELECT contact, contact_index::text AS index FROM staff WHERE id = $1',
    [id],
  );
  const row = rows[0] as { contact: Buffer; index: string };
  expect(row.contact.toString('latin1')).not.toContain('43210');
  expect(row.contact[0]).toBe(1);
  expect(row.index).not.toContain('43210');
});

test('a dismissed person stays in the record and changes no more', async () => {
  const token = await admin();
  const id = await write(token, 'registerStaff', person());
  await attempt(token, 'dismissStaff', { id });
  expect(await attempt(token, 'updateStaff', { id, name: 'Y' })).toMatchObject({
    verdict: 'REJECTED',
    problems: [{ code: 'STATE_REFUSED' }],
  });
});

test('a lost device is never enrolled again', async () => {
  const token = await admin();
  const id = await write(token, 'enrolDevice', {
    ...{ id: graph.ids.next(), label: 'Phone 7' },
    institutionId: clinic,
  } as { id: string });
  expect(await attempt(token, 'changeDeviceState', { id, state: 'LOST' })).toMatchObject({
    verdict: 'APPLIED',
  });
  expect(await attempt(token, 'changeDeviceState', { id, state: 'ENROLLED' })).toMatchObject({
    verdict: 'REJECTED',
    problems: [{ code: 'STATE_REFUSED' }],
  });
});

test('partners are managed by the platform, and by nobody else', async () => {
  const input = { id: graph.ids.next(), name: 'Laboratory', institutionId: clinic };
  await write(platform, 'registerPartner', input);
  const list = '{ partners { edges { node { name state institution { name } } } } }';
  const seen = await graph.ask(platform, list);
  expect(seen.data?.['partners']).toEqual({
    edges: [{ node: { name: 'Laboratory', state: 'ACTIVE', institution: { name: 'C' } } }],
  });
  const refused = await graph.ask(await admin(), list);
  expect(refused.errors[0]?.extensions.code).toBe('FORBIDDEN');
});

test('a device may write for itself only', async () => {
  const deviceId = graph.ids.next();
  const token = await admin({ deviceId });
  const mutation = `mutation ($operation: OperationInput!, $input: RegisterStaffInput!) {
    registerStaff(operation: $operation, input: $input) { verdict }
  }`;
  const foreign = await graph.ask(token, mutation, {
    operation: graph.operation(),
    input: person(),
  });
  expect(foreign.errors[0]?.extensions.code).toBe('DEVICE_MISMATCH');
  const own = await graph.ask(token, mutation, {
    operation: graph.operation({ deviceId }),
    input: person(),
  });
  expect(own.data).toEqual({ registerStaff: { verdict: 'APPLIED' } });
});

test('what was recorded later than now is refused, whatever the clock of the device says', async () => {
  const inAnHour = new Date(Date.now() + 3_600_000).toISOString();
  const refused = await attempt(
    platform,
    'registerPartner',
    { id: graph.ids.next(), name: 'L', institutionId: clinic },
    { recordedAt: inAnHour },
  );
  expect(refused).toMatchObject({
    verdict: 'REJECTED',
    problems: [{ code: 'RECORDED_IN_FUTURE' }],
  });
  const corrected = { recordedAt: inAnHour, clockOffsetMs: -3_600_000 };
  const taken = await attempt(
    platform,
    'registerPartner',
    { id: graph.ids.next(), name: 'L', institutionId: clinic },
    corrected,
  );
  expect(taken).toMatchObject({ verdict: 'APPLIED' });
});

test('an administrator changes neither their own role nor where they work', async () => {
  const own = person({ role: 'INSTITUTION_ADMIN' });
  const id = await write(platform, 'registerStaff', own);
  const token = await admin({ id });
  for (const [change, problem] of [
    [{ role: 'CLINICIAN' }, { code: 'NOT_FOUND', field: 'role' }],
    [{ areaIds: [] }, { code: 'REFERENCE_NOT_FOUND', field: 'areaIds' }],
  ] as const) {
    expect(await attempt(token, 'updateStaff', { id, ...change })).toMatchObject({
      verdict: 'REJECTED',
      problems: [problem],
    });
  }
  const same = { id, name: 'Asha D.', role: 'INSTITUTION_ADMIN', areaIds: [village] };
  expect(await attempt(token, 'updateStaff', same)).toMatchObject({ verdict: 'APPLIED' });
  // Another person may: the platform, or another administrator of the place.
  for (const [other, role] of [
    [await admin(), 'CLINICIAN'],
    [platform, 'PHARMACIST'],
  ] as const) {
    expect(await attempt(other, 'updateStaff', { id, role })).toMatchObject({ verdict: 'APPLIED' });
  }
});

test('the people of the platform are changed and dismissed by the platform alone', async () => {
  const id = await write(platform, 'registerStaff', person({ role: 'PLATFORM_ADMIN' }));
  const token = await admin();
  const refused = { verdict: 'REJECTED', problems: [{ code: 'NOT_FOUND', field: 'id' }] };
  for (const change of [{ role: 'HEALTH_WORKER' }, { name: 'X' }, { areaIds: [] }]) {
    expect(await attempt(token, 'updateStaff', { id, ...change })).toMatchObject(refused);
  }
  expect(await attempt(token, 'dismissStaff', { id })).toMatchObject(refused);
  const applied = { verdict: 'APPLIED' };
  expect(await attempt(platform, 'updateStaff', { id, name: 'Y' })).toMatchObject(applied);
  expect(await attempt(platform, 'dismissStaff', { id })).toMatchObject(applied);
});

const details = '{ id name contact credentialsNumber }';

test.each([
  ['health_worker', []],
  ['pharmacist', []],
  ['institution_admin', []],
  ['auditor', ['contact']],
  ['partner', ['contact', 'credentialsNumber']],
  ['identity_service', ['contact', 'credentialsNumber']],
] as const)('of a colleague a %s is refused %j, alone', async (role, refused) => {
  const id = await write(platform, 'registerStaff', person({ credentialsNumber: 'XC-1' }));
  const token = await graph.token({ roles: [role], institutionId: clinic });
  const byField = await graph.ask(token, `query ($id: UUID!) { staffMember(id: $id) ${details} }`, {
    id,
  });
  const byReference = await graph.ask(
    token,
    `query ($of: [_Any!]!) { _entities(representations: $of) { ... on Staff ${details} } }`,
    { of: [{ __typename: 'Staff', id }] },
  );
  const listed = await graph.ask(
    token,
    `query ($id: UUID!) { staff(institutionId: $id, first: 1) { edges { node ${details} } } }`,
    { id: clinic },
  );
  const seen = {
    ...{ id, name: 'Asha', contact: '098765 43210', credentialsNumber: 'XC-1' },
    ...Object.fromEntries(refused.map((field) => [field, null])),
  };
  expect(byField.data).toEqual({ staffMember: seen });
  expect(byReference.data).toEqual({ _entities: [seen] });
  for (const { errors } of [byField, byReference, listed]) {
    expect(errors.map(({ extensions }) => extensions)).toMatchObject(
      refused.map((field) => ({ code: 'FORBIDDEN', coordinate: `Staff.${field}` })),
    );
  }
});

test('a token narrowed to other things sees no staff, in no way', async () => {
  const id = await write(platform, 'registerStaff', person());
  const token = await graph.token({ institutionId: clinic, scope: 'institution:read' });
  const answer = await graph.ask(
    token,
    `query ($id: UUID!, $of: [_Any!]!) {
      me { id } staffMember(id: $id) { id } institution(id: "${clinic}") { id staff { edges { node { id } } } }
      _entities(representations: $of) { ... on Staff { id } ... on Institution { name } }
    }`,
    {
      id,
      of: [
        { __typename: 'Staff', id },
        { __typename: 'Institution', id: clinic },
      ],
    },
  );
  expect(answer.data).toEqual({
    me: null,
    staffMember: null,
    institution: { id: clinic, staff: null },
    _entities: [null, { name: 'C' }],
  });
  expect(new Set(answer.errors.map(({ extensions }) => extensions.code))).toEqual(
    new Set(['FORBIDDEN']),
  );
});

test('a contact that does not open is hidden from others as ever, and keeps nobody from being dismissed', async () => {
  const token = await admin();
  const [damaged, whole] = [person(), person({ name: 'Bina' })];
  for (const one of [damaged, whole]) await write(token, 'registerStaff', one);
  await graph.pool.query(`UPDATE staff SET contact = '\\x09aa' WHERE id = $1`, [damaged.id]);
  const query = `query ($a: UUID!, $b: UUID!) {
    a: staffMember(id: $a) { name contact } b: staffMember(id: $b) { name contact }
  }`;
  const asked = { a: damaged.id, b: whole.id };
  const foreign = await graph.ask(await admin({ institutionId: otherClinic }), query, asked);
  expect(foreign.errors).toEqual([]);
  expect(foreign.data).toEqual({
    a: { name: 'Asha', contact: null },
    b: { name: 'Bina', contact: null },
  });
  const own = await graph.ask(token, query, asked);
  expect(own.errors.map(({ extensions }) => extensions.code)).toEqual(['VALUE_UNREADABLE']);
  expect(own.data?.['b']).toEqual({ name: 'Bina', contact: '098765 43210' });
  await write(token, 'dismissStaff', { id: damaged.id });
});
