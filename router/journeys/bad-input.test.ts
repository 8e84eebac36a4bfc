import { SignJWT, generateKeyPair, importJWK } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTokenIssuer, makeSigningKey } from '@caregraph/access';
import { createIdSource, systemClock } from '@caregraph/clock';
import { storeNames } from '@caregraph/database';
import { embeddedAudience, embeddedIssuer } from '@caregraph/deployment';
import { startJourney, subjectOf, type JourneyStack } from './test-stack.ts';

/** What clients get wrong has a stable code, and leaves nothing behind. */

let stack: JourneyStack;
let patientId: string;
beforeAll(async () => {
  stack = await startJourney({ households: 4 });
  const data = await stack.read('health-worker-1', '{ patients { edges { node { id } } } }');
  const { edges } = data['patients'] as { edges: { node: { id: string } }[] };
  patientId = edges[0]?.node.id ?? '';
});
afterAll(() => stack.stop());

/** Tables of what was said and done rather than of the record itself. */
const traces = ['outbox_event', 'inbox_message', 'audit_event', 'audit_access', 'access_record'];

async function rowCounts(without: readonly string[] = []): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const store of storeNames) {
    const pool = stack.deployment.pools[store];
    const { rows } = await pool.query<{ name: string }>(
      `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'`,
    );
    for (const { name } of rows.filter((row) => ![...traces, ...without].includes(row.name))) {
      const counted = await pool.query<{ n: number }>(`SELECT count(*)::int AS n FROM "${name}"`);
      counts[`${store}.${name}`] = counted.rows[0]?.n ?? -1;
    }
  }
  return counts;
}

/** Runs `work` and fails when any table of any store has another number of rows after it. */
async function leavesNothing<T>(work: () => Promise<T>, without?: readonly string[]): Promise<T> {
  const before = await rowCounts(without);
  const result = await work();
  await stack.settle();
  expect(await rowCounts(without)).toEqual(before);
  return result;
}

test('the row count sees a write', async () => {
  const before = await rowCounts();
  await recordCheckup({ vitals: { weightKg: 60 } });
  expect(await rowCounts()).not.toEqual(before);
});

const codes = async (query: string, variables?: Record<string, unknown>) =>
  (await stack.ask('health-worker-1', query, variables)).errors.map(
    ({ extensions }) => extensions.code,
  );

describe('documents', () => {
  test.each([
    ['malformed GraphQL', '{ patients(', 'GRAPHQL_PARSE_FAILED'],
    [
      'an unknown field',
      '{ patients { edges { node { shoeSize } } } }',
      'GRAPHQL_VALIDATION_FAILED',
    ],
    ['an unknown root field', '{ patience }', 'GRAPHQL_VALIDATION_FAILED'],
    ['an id that is no UUID', '{ patient(id: "7") { id } }', 'BAD_USER_INPUT'],
    [
      'an id that is a UUIDv4',
      '{ patient(id: "5f0c2f6e-8f6a-4c39-9d6a-0d3f6a5b1c2d") { id } }',
      'BAD_USER_INPUT',
    ],
    ['first: 0', '{ patients(first: 0) { edges { cursor } } }', 'PAGE_SIZE_INVALID'],
    ['first: 1000', '{ patients(first: 1000) { edges { cursor } } }', 'PAGE_SIZE_INVALID'],
    [
      'first: -1, nested',
      '{ patients { edges { node { checkups(first: -1) { edges { cursor } } } } } }',
      'PAGE_SIZE_INVALID',
    ],
    ['a cursor of no list', '{ patients(after: "abc") { edges { cursor } } }', 'CURSOR_INVALID'],
  ])('%s', async (_name, query, code) => {
    const answered = await leavesNothing(() => codes(query));
    expect([...new Set(answered)]).toEqual([code]);
  });

  test('a variable that is not a UUIDv7', async () => {
    const query = 'query ($id: UUID!) { patient(id: $id) { id } }';
    for (const id of ['7', patientId.toUpperCase(), '5f0c2f6e-8f6a-4c39-9d6a-0d3f6a5b1c2d']) {
      expect(await codes(query, { id }), id).toEqual(['BAD_USER_INPUT']);
    }
    expect(await codes(query, { id: patientId })).toEqual([]);
  });

  test('a cursor of another list, or of the same list under another filter', async () => {
    const list = await stack.read(
      'health-worker-1',
      '{ patients(first: 1) { pageInfo { endCursor } } households(first: 1) { pageInfo { endCursor } } }',
    );
    const { patients, households } = list as Record<string, { pageInfo: { endCursor: string } }>;
    const query = (args: string) =>
      `query ($after: String) { patients(first: 1, after: $after${args}) { edges { cursor } } }`;
    const after = patients?.pageInfo.endCursor;
    expect(await codes(query(''), { after })).toEqual([]);
    expect(await codes(query(', sex: FEMALE'), { after })).toEqual(['CURSOR_INVALID']);
    expect(await codes(query(''), { after: households?.pageInfo.endCursor })).toEqual([
      'CURSOR_INVALID',
    ]);
  });
});

describe('bodies', () => {
  const post = async (body: string, headers: Record<string, string> = {}) => {
    const answer = await fetch(`${stack.url}/graphql`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${await stack.token('health-worker-1')}`,
        'content-type': 'application/json',
        ...headers,
      },
      body,
    });
    const { errors } = (await answer.json()) as { errors: { extensions: { code: string } }[] };
    return { status: answer.status, code: errors[0]?.extensions.code };
  };

  test('10 MB are refused', async () => {
    const body = JSON.stringify({ query: '{ __typename }', padding: 'x'.repeat(10 * 1024 * 1024) });
    const refused = await leavesNothing(() => post(body));
    expect(refused).toEqual({ status: 413, code: 'BODY_TOO_LARGE' });
  });

  test.each(['{', '', '[]', '"query"', '{"query":7}', '{"query":"{ __typename }","variables":3}'])(
    'a body of %s is refused',
    async (body) => {
      expect(await post(body)).toEqual({ status: 400, code: 'BAD_REQUEST' });
    },
  );
});

describe('tokens', () => {
  const ask = async (token: string) => {
    const { status, data, errors } = await stack.ask(
      '',
      '{ patients { edges { cursor } } }',
      {},
      { token },
    );
    const extensions = errors[0]?.extensions;
    const { code, reason } = { code: extensions?.code, reason: extensions?.['reason'] };
    return { status, data: data ?? null, code, reason };
  };
  const subject = () => subjectOf(stack.actor('health-worker-1'));
  const issue = async (over: Partial<Parameters<typeof createTokenIssuer>[0]>, lifetimeS = 600) =>
    createTokenIssuer({
      key: stack.signingKey,
      issuer: embeddedIssuer,
      audience: embeddedAudience,
      clientId: 'test',
      documents: 'free',
      clock: systemClock,
      ids: createIdSource(systemClock),
      ...over,
    }).issue(subject(), lifetimeS);
  const withAlgorithm = async (
    alg: string,
    key: Parameters<SignJWT['sign']>[0],
    claims: Record<string, unknown> = {},
  ) =>
    new SignJWT({ client_id: 'x', jti: stack.newId(), ...claims })
      .setProtectedHeader({ alg, typ: 'at+jwt', kid: stack.signingKey.keyId })
      .setIssuer(embeddedIssuer)
      .setAudience(embeddedAudience)
      .setSubject(subject().id)
      .setIssuedAt()
      .setExpirationTime('10m')
      .sign(key);
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const yesterday = { now: () => new Date(Date.now() - 86_400_000) };
  const ourKey = async () => importJWK(stack.signingKey.privateJwk, 'ES256');

  test('the right one is let in', async () => {
    expect(await ask(await issue({}))).toMatchObject({ status: 200, code: undefined });
  });

  test.each([
    ['another issuer', 'TOKEN_ISSUER_REFUSED', () => issue({ issuer: 'https://else.test' })],
    ['another audience', 'TOKEN_AUDIENCE_REFUSED', () => issue({ audience: 'https://else.test' })],
    ['another key', 'TOKEN_SIGNATURE_INVALID', async () => issue({ key: await makeSigningKey() })],
    [
      'another key under the name of ours',
      'TOKEN_SIGNATURE_INVALID',
      async () => issue({ key: { ...(await makeSigningKey()), keyId: stack.signingKey.keyId } }),
    ],
    ['expired', 'TOKEN_EXPIRED', () => issue({ clock: yesterday })],
    [
      'not valid for another five minutes',
      'TOKEN_NOT_YET_VALID',
      async () =>
        withAlgorithm('ES256', await ourKey(), { nbf: Math.floor(Date.now() / 1_000) + 300 }),
    ],
    [
      'HS256 with our public key as the secret',
      'TOKEN_ALGORITHM_REFUSED',
      () =>
        withAlgorithm(
          'HS256',
          new TextEncoder().encode(JSON.stringify(stack.signingKey.publicJwk)),
        ),
    ],
    [
      'RS256',
      'TOKEN_ALGORITHM_REFUSED',
      async () => withAlgorithm('RS256', (await generateKeyPair('RS256')).privateKey),
    ],
    [
      'no claims but the registered ones',
      'TOKEN_CLAIMS_INVALID',
      async () => withAlgorithm('ES256', await ourKey()),
    ],
    [
      'alg none, unsigned',
      'TOKEN_MALFORMED',
      async () =>
        `${part({ alg: 'none', typ: 'at+jwt' })}.${part({ iss: embeddedIssuer, sub: 'x' })}.`,
    ],
    ['no JWT', 'TOKEN_MALFORMED', async () => 'open-sesame'],
  ])('%s', async (_name, reason, make) => {
    const token = await make();
    expect(await leavesNothing(() => ask(token))).toEqual({
      ...{ status: 401, data: null, code: 'UNAUTHENTICATED', reason },
    });
  });

  test('a purpose that the token does not allow', async () => {
    const { data, errors } = await stack.ask(
      'health-worker-1',
      '{ patients { edges { cursor } } }',
      {},
      { headers: { 'x-purpose': 'audit' } },
    );
    expect(data?.['patients'] ?? null).toBeNull();
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['PURPOSE_REFUSED']);
  });
});

async function recordCheckup(input: object, operation: object = {}) {
  return stack.ask(
    'health-worker-1',
    `mutation ($operation: OperationInput!, $input: RecordCheckupInput!) {
      recordCheckup(operation: $operation, input: $input) {
        verdict problems { code field } checkup { id }
      }
    }`,
    {
      operation: stack.operation({ ...operation }),
      input: { id: stack.newId(), patientId, visitType: 'GENERAL', ...input },
    },
  );
}

describe('writes', () => {
  test.each([
    ['a blood pressure of 900', { vitals: { systolicMmHg: 900, diastolicMmHg: 80 } }],
    ['a diastolic above the systolic', { vitals: { systolicMmHg: 80, diastolicMmHg: 120 } }],
    ['a temperature of 60 °C', { vitals: { temperatureCelsius: 60 } }],
    ['a saturation of 140 %', { vitals: { spo2Percent: 140 } }],
    ['a negative weight', { vitals: { weightKg: -3 } }],
    ['a disease that is none', { diagnoses: [{ diseaseCode: 'Q99.999' }] }],
    ['a danger sign that is none', { dangerSigns: ['BAD_LUCK'] }],
    ['one possible and one impossible vital', { vitals: { weightKg: 60, pulsePerMin: 2_000 } }],
  ])('%s is refused with a reason, on record, and leaves nothing', async (_name, input) => {
    const { data, errors } = await leavesNothing(() => recordCheckup(input), ['operation_record']);
    expect(errors).toEqual([]);
    expect(data).toEqual({
      recordCheckup: {
        verdict: 'REJECTED',
        problems: [{ code: expect.stringMatching(/^[A-Z_]+$/), field: expect.any(String) }],
        checkup: null,
      },
    });
  });

  test('a visit of tomorrow', async () => {
    const recordedAt = new Date(Date.now() + 86_400_000).toISOString();
    const { data } = await leavesNothing(
      () => recordCheckup({ vitals: { weightKg: 60 } }, { recordedAt }),
      ['operation_record'],
    );
    expect(data).toMatchObject({
      recordCheckup: { verdict: 'REJECTED', problems: [{ code: 'RECORDED_IN_FUTURE' }] },
    });
  });

  test('a birth of tomorrow, and a date that no calendar has', async () => {
    const register = (birthDate: string) =>
      stack.ask(
        'health-worker-1',
        `mutation ($operation: OperationInput!, $input: RegisterPatientInput!) {
          registerPatient(operation: $operation, input: $input) { verdict problems { code field } }
        }`,
        {
          operation: stack.operation(),
          input: {
            ...{ id: stack.newId(), name: 'Asha', sex: 'FEMALE', birthDate },
            areaId: stack.actor('health-worker-1').areaRoots[0],
          },
        },
      );
    const future = await leavesNothing(() => register('2999-01-01'), ['operation_record']);
    expect(future.data).toEqual({
      registerPatient: {
        verdict: 'REJECTED',
        problems: [{ code: 'DATE_IN_FUTURE', field: 'birthDate' }],
      },
    });
    const impossible = await leavesNothing(() => register('2023-02-30'));
    expect(impossible.errors.map(({ extensions }) => extensions.code)).toEqual(['BAD_USER_INPUT']);
  });

  test('an entry of a batch that sets nothing, or two things, stops only those behind it', async () => {
    const checkup = () => ({ id: stack.newId(), patientId, visitType: 'GENERAL' });
    for (const wrong of [{}, { recordCheckup: checkup(), cancelTask: { taskId: stack.newId() } }]) {
      const { data, errors } = await leavesNothing(() =>
        stack.ask(
          'health-worker-1',
          `mutation ($operations: [ClinicalOperation!]!) {
            applyClinicalOperations(operations: $operations) { verdict }
          }`,
          {
            operations: [
              { operation: stack.operation(), ...wrong },
              { operation: stack.operation(), recordCheckup: checkup() },
            ],
          },
        ),
      );
      expect(data).toEqual({ applyClinicalOperations: [null, null] });
      expect(errors.map(({ extensions }) => extensions.code).toSorted()).toEqual([
        'OPERATION_MEMBERS_INVALID',
        'OPERATION_NOT_REACHED',
      ]);
    }
  });

  test('an operation id again for something else', async () => {
    const id = stack.newId();
    const first = await recordCheckup({ vitals: { weightKg: 60 } }, { id });
    expect(first.data).toMatchObject({ recordCheckup: { verdict: 'APPLIED' } });
    const again = await leavesNothing(() => recordCheckup({ vitals: { weightKg: 61 } }, { id }));
    expect(again.errors.map(({ extensions }) => extensions.code)).toEqual(['OPERATION_ID_REUSED']);
  });
});
