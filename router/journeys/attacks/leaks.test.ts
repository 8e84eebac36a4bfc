import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { storeNames, type StoreName } from '@caregraph/database';
import { createTokenIssuer, purposesOf, roles, type Role } from '@caregraph/access';
import { createIdSource, systemClock } from '@caregraph/clock';
import { embeddedIssuer } from '@caregraph/deployment';
import { startJourney, subjectOf, type JourneyStack } from '../test-stack.ts';
import { tokenOf } from './callers.ts';
import { codesOf, jsonHeaders, readBody, send } from './wire.ts';

/** What answers that refuse tell beside the refusal: of the schema, of the code, of the input. */
let stack: JourneyStack;
let free: string;
let registered: string;

beforeAll(async () => {
  stack = await startJourney({ households: 2 });
  free = await tokenOf(stack, 'health-worker-1');
  registered = await tokenOf(stack, 'health-worker-1', {
    documents: 'registered',
    clientId: 'field-app',
  });
});
afterAll(() => stack.stop());

const post = (body: unknown, token: string) =>
  send(stack.url, { headers: jsonHeaders(token), body: JSON.stringify(body) });

async function atSubgraph(
  name: StoreName,
  token: string | undefined,
  query: string,
  variables: Record<string, unknown> = {},
) {
  const answer = await stack.deployment.subgraphs[name].execute({
    method: 'POST',
    headers: Object.fromEntries(jsonHeaders(token)),
    search: '',
    body: { query, variables },
  });
  const text = answer.body.kind === 'complete' ? answer.body.string : '{}';
  return { status: answer.status ?? 200, codes: codesOf({ text }), ...readBody({ text }), text };
}

/** A text on its way into the indexes, beside an identifier that nobody has. */
const named = 'searchPatients(name: $v, identifier: { type: OTHER, value: "0" }) { total }';

/** Stands for a patient's name where a client puts one in the wrong place. */
const secret = 'Zzsecretzz';
const insides =
  /node_modules|\.(ts|js):\d|\bat \w[\w.]* \(|stacktrace|exception|SELECT |INSERT |prisma|postgres|relation "|column "|ECONN|\/(home|work|usr|app)\//i;

describe('errors hold no values of the input, no SQL and no stack', () => {
  const wrong: [string, unknown][] = [
    ['a text for a number', { query: `{ patients(first: "${secret}") { edges { cursor } } }` }],
    ['a text for an id', { query: `{ patient(id: "${secret}") { id } }` }],
    ['a text for an enum', { query: `{ patients(sex: "${secret}") { edges { cursor } } }` }],
    ['another enum', { query: `{ patients(sex: ${secret}) { edges { cursor } } }` }],
    ['a text for a date', { query: `{ patients(bornFrom: "${secret}") { edges { cursor } } }` }],
    ['a text for a time', { query: `{ checkups(from: "${secret}") { edges { cursor } } }` }],
    ['an object for a text', { query: `{ searchPatients(name: {a: "${secret}"}) { total } }` }],
    ['a cursor', { query: `{ patients(after: "${secret}") { edges { cursor } } }` }],
    [
      'a cursor that is one of nothing',
      {
        query: `{ patients(after: "${Buffer.from(secret).toString('base64url')}") { edges { cursor } } }`,
      },
    ],
    [
      'a number in a variable',
      variable('Int!', 'patients(first: $v) { edges { cursor } }', secret),
    ],
    ['an id in a variable', variable('UUID!', 'patient(id: $v) { id }', secret)],
    ['an enum in a variable', variable('Sex', 'patients(sex: $v) { edges { cursor } }', secret)],
    [
      'a date in a variable',
      variable('Date', 'patients(bornFrom: $v) { edges { cursor } }', secret),
    ],
    ['a list in a variable', variable('UUID!', 'patient(id: $v) { id }', [secret])],
    ['an object in a variable', variable('UUID!', 'patient(id: $v) { id }', { [secret]: secret })],
    ['NUL in a text', variable('String', named, `${secret}\0`)],
    ['a lone surrogate', variable('String', named, `${secret}\ud800`)],
    ['SQL in a text', variable('String', named, `${secret}'; DROP TABLE patient--`)],
    [
      'a pattern in a text',
      variable('String', 'diseases(search: $v) { edges { cursor } }', `%${secret}(\\`),
    ],
    ['a string that never ends', { query: `{ searchPatients(name: "${secret}` }],
    ['an escape that is none', { query: `{ searchPatients(name: "${secret}\\q") { total } }` }],
    ['a bad input of a mutation', mutation({ id: secret, areaId: secret })],
    ['an unknown member of it', mutation({ id: undefined, [secret]: secret })],
    ['variables that are a text', { query: '{ __typename }', variables: secret }],
    ['extensions that are a text', { query: '{ __typename }', extensions: secret }],
    ['an operation name', { query: '{ __typename }', operationName: secret }],
    ['no query', { [secret]: secret }],
    ['a query that is a number', { query: 7, [secret]: secret }],
  ];
  test.each(wrong)('%s', async (_name, body) => {
    for (const token of [free, registered]) {
      const answer = await post(body, token);
      expect(answer.text).not.toContain(secret);
      expect(answer.text).not.toMatch(insides);
      expect(codesOf(answer)).not.toContain('INTERNAL');
    }
    expect(stack.log.join('\n')).not.toContain(secret);
  });

  test('JSON that is broken in the middle of a value', async () => {
    const body = `{"query":"{ __typename }","variables":{"name":"${secret}`;
    for (const token of [free, registered]) {
      const answer = await send(stack.url, { headers: jsonHeaders(token), body });
      expect(answer.text).not.toContain(secret);
      expect(codesOf(answer)).toEqual(['BAD_REQUEST']);
    }
  });

  test('straight at a subgraph as well', async () => {
    for (const name of storeNames) {
      for (const query of [
        `{ _entities(representations: [{__typename: "${secret}", id: "${secret}"}]) { __typename } }`,
        `{ _entities(representations: "${secret}") { __typename } }`,
        `{ ${secret.toLowerCase()} } fragment`,
      ]) {
        const answer = await atSubgraph(name, free, query);
        expect(answer.codes.length, `${name} ${query}`).toBeGreaterThan(0);
        expect(answer.text).not.toMatch(insides);
        expect(answer.text).not.toContain(secret);
      }
    }
    expect(stack.log.join('\n')).not.toContain(secret);
  });

  function variable(type: string, field: string, value: unknown) {
    return { query: `query ($v: ${type}) { ${field} }`, variables: { v: value } };
  }

  function mutation(input: Record<string, unknown>) {
    return {
      query: `mutation ($operation: OperationInput!, $input: RegisterPatientInput!) {
        registerPatient(operation: $operation, input: $input) { verdict } }`,
      variables: { operation: { id: secret }, input: { name: secret, sex: 'FEMALE', ...input } },
    };
  }
});

describe('the schema', () => {
  const asking = [
    '{ __schema { queryType { name } } }',
    '{ __type(name: "Patient") { fields { name } } }',
    'query IntrospectionQuery { __schema { types { name } } }',
    '{ __typename ... { a: __schema { types { name } } } }',
    '{ ...A } fragment A on Query { __schema { types { name } } }',
    'mutation { __typename }',
    '{ __typename @skip(if: true) __schema @include(if: true) { types { name } } }',
  ];
  test.each(asking)('is not for clients of registered documents: %s', async (query) => {
    const answer = await post({ query }, registered);
    expect(codesOf(answer)).toEqual(['DOCUMENT_NOT_REGISTERED']);
    expect(answer.text).not.toMatch(/"(Patient|Query|types)"/);
  });

  test.each(['{ _service { sdl } }', '{ _entities(representations: []) { __typename } }'])(
    'the router has no %s, whoever asks',
    async (query) => {
      expect(codesOf(await post({ query }, free))).toEqual(['GRAPHQL_VALIDATION_FAILED']);
      expect(codesOf(await post({ query }, registered))).toEqual(['DOCUMENT_NOT_REGISTERED']);
    },
  );

  test('a hidden field of the supergraph is not in the API', async () => {
    const query = '{ __schema { types { name fields { name } } } }';
    const { text } = await post({ query }, free);
    expect(text).not.toMatch(/"(join__|link__|_Entity|_Any|_Service|policy__)/);
  });

  test('a subgraph tells its SDL to developers alone, and introspects for nobody', async () => {
    for (const name of storeNames) {
      const sdl = await atSubgraph(name, free, '{ _service { sdl } }');
      expect(sdl.text, name).toContain('type Query');
      for (const token of [registered, undefined, 'x.y.z']) {
        const answer = await atSubgraph(name, token, '{ _service { sdl } }');
        expect(answer.text, name).not.toContain('type Query');
        const held = answer.codes.includes('DOCUMENT_NOT_REGISTERED') || answer.status === 401;
        expect(held, answer.text).toBe(true);
      }
      for (const [token, code] of [
        [free, 'GRAPHQL_VALIDATION_FAILED'],
        [registered, 'DOCUMENT_NOT_REGISTERED'],
      ] as const) {
        const asked = await atSubgraph(name, token, '{ __schema { types { name } } }');
        expect(asked.codes, name).toEqual([code]);
        expect(asked.data ?? null).toBeNull();
      }
    }
  });

  test('a subgraph suggests nothing', async () => {
    for (const name of storeNames) {
      for (const query of ['{ _servce { sdl } }', '{ _service { sdk } }', '{ pateint { id } }']) {
        const answer = await atSubgraph(name, free, query);
        expect(answer.codes, name).toEqual(['GRAPHQL_VALIDATION_FAILED']);
        expect(answer.text).not.toMatch(/did you mean/i);
      }
    }
  });
});

describe('entities straight at a subgraph', () => {
  const entities = (type: string, field: string) =>
    `query ($r: [_Any!]!) { _entities(representations: $r) { ... on ${type} { ${field} } } }`;
  const places: [StoreName, string, string][] = [
    ['patient', 'Patient', 'name'],
    ['clinical', 'Patient', 'checkups(first: 1) { edges { cursor } }'],
    ['clinical', 'Checkup', 'id visitType'],
    ['prescription', 'Prescription', 'id state'],
    ['prescription', 'Patient', 'prescriptions(first: 1) { edges { cursor } }'],
    ['audit', 'Patient', 'accessHistory(first: 1) { edges { cursor } }'],
  ];

  test.each(places)('%s %s without a token, or for another audience', async (name, type, field) => {
    const tokens = createTokenIssuer({
      key: stack.signingKey,
      issuer: embeddedIssuer,
      audience: 'https://other.invalid/graph',
      clientId: 'x',
      documents: 'free',
      clock: systemClock,
      ids: createIdSource(systemClock),
    });
    const elsewhere = await tokens.issue(subjectOf(stack.actor('hospital-clinician-1')));
    const variables = { r: [{ __typename: type, id: stack.newId() }] };
    for (const [token, code] of [
      [undefined, 'UNAUTHENTICATED'],
      [elsewhere, 'TOKEN_AUDIENCE_REFUSED'],
    ] as const) {
      const answer = await atSubgraph(name, token, entities(type, field), variables);
      expect(answer).toMatchObject({ status: 401, codes: [code] });
      expect(answer.data ?? null).toBeNull();
    }
  });

  /** Who may not see any of it, whatever their tenant: the permission matrix says so. */
  const closed: [StoreName, string, string, Role[]][] = [
    [
      'patient',
      'Patient',
      'name',
      ['institution_admin', 'auditor', 'platform_admin', 'identity_service'],
    ],
    [
      'clinical',
      'Checkup',
      'visitType',
      ['pharmacist', 'institution_admin', 'auditor', 'platform_admin', 'identity_service'],
    ],
    [
      'prescription',
      'Prescription',
      'state',
      ['institution_admin', 'auditor', 'platform_admin', 'identity_service'],
    ],
    [
      'institution',
      'Partner',
      'name',
      [
        'health_worker',
        'clinician',
        'pharmacist',
        'institution_admin',
        'auditor',
        'partner',
        'importer',
      ],
    ],
  ];
  test.each(closed)(
    '%s %s is closed to roles without the permission',
    async (name, type, field, kept) => {
      const { institutionId } = stack.actor('hospital-clinician-1');
      const areaRoots = [stack.district.territory.district.id];
      for (const role of kept) {
        const purposes = purposesOf[role];
        const token = await tokenOf(stack, 'hospital-clinician-1', {
          ...{ roles: [role], institutionId, areaRoots, purposes },
        });
        const variables = { r: [{ __typename: type, id: stack.newId() }] };
        const answer = await atSubgraph(name, token, entities(type, field), variables);
        expect(answer.codes, role).toEqual(['FORBIDDEN']);
        expect(answer.data?.['_entities'], role).toEqual([null]);
      }
      expect(kept.every((role) => roles.includes(role))).toBe(true);
    },
  );

  test('keys that are no keys', async () => {
    const wrong = [
      { __typename: 'Patient' },
      { __typename: 'Patient', id: null },
      { __typename: 'Patient', id: 7 },
      { __typename: 'Patient', id: ['a'] },
      { __typename: 'Patient', id: "' OR 1=1 --" },
      { __typename: 'Patient', id: { in: [] } },
      { __typename: 'Query', id: 'x' },
      { __typename: '__Schema' },
      { __typename: 'constructor' },
      { __typename: '__proto__', id: 'x' },
      { id: 'x' },
      null,
    ];
    const token = await tokenOf(stack, 'hospital-clinician-1');
    const fields = {
      patient: 'id name',
      clinical:
        'checkups(first: 5) { edges { cursor } } latestCheckup { id } allTasks: tasks(first: 5) { edges { cursor } }',
      prescription: 'prescriptions(first: 5) { edges { cursor } } allergies { id }',
      audit: 'accessHistory(first: 5) { edges { cursor } }',
    };
    for (const representation of wrong) {
      for (const name of ['patient', 'clinical', 'prescription', 'audit'] as const) {
        const variables = { r: [representation] };
        // Where a key is not there, a store that leaves a missing filter out would answer all rows.
        const answer = await atSubgraph(name, token, entities('Patient', fields[name]), variables);
        const where = `${name} ${JSON.stringify(representation)} ${answer.text}`;
        expect(answer.text, where).not.toMatch(insides);
        expect(answer.text, where).not.toMatch(/"(id|cursor|name)":"/);
        expect(answer.codes, where).not.toEqual([]);
      }
    }
  });
});
