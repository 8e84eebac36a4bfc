import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { isUuidV7 } from '@caregraph/clock';
import { storeNames } from '@caregraph/database';
import { makeSigningKey } from '@caregraph/access';
import { startJourney, type JourneyStack } from '../test-stack.ts';
import { tokenOf } from './callers.ts';
import { decode, encode, hmacSigned, signed } from './forge.ts';
import { tapped } from './tap.ts';
import { codesOf, jsonHeaders, readBody, send } from './wire.ts';

vi.mock(import('../../src/subgraph/in-process-transport.ts'), async (original) =>
  (await import('./tap.ts')).withTap(await original()),
);

/** Headers by which a client says what only the router, a proxy or a signer may say. */
let stack: JourneyStack;
let token: string;
let otherToken: string;
/** What the router itself said of a request with the token. */
let vouched: string;
let patientId: string;

beforeAll(async () => {
  stack = await startJourney({ households: 6 });
  token = await tokenOf(stack, 'hospital-clinician-1');
  otherToken = await tokenOf(stack, 'clinician-2');
  tapped.splice(0);
  const seen = new Set(await patientsOf(otherToken));
  patientId = (await patientsOf(token)).find((id) => !seen.has(id)) ?? '';
  vouched = tapped.at(-1)?.headers['x-router-context'] ?? '';
  expect(patientId, 'somebody out of reach of the second clinician').not.toBe('');
});
afterAll(() => stack.stop());
beforeEach(() => void tapped.splice(0));
afterEach(() => void vi.useRealTimers());

const query = '{ patients(first: 1) { edges { node { id } } } }';
const post = (bearer: string, headers: readonly [string, string][] = [], document = query) =>
  send(stack.url, {
    headers: [...jsonHeaders(bearer), ...headers],
    body: JSON.stringify({ query: document }),
  });

async function patientsOf(bearer: string): Promise<string[]> {
  const all = '{ patients(first: 200) { edges { node { id } } } }';
  const { patients } = readBody(await post(bearer, [], all)).data as {
    patients: { edges: { node: { id: string } }[] };
  };
  return patients.edges.map(({ node }) => node.id);
}

async function atSubgraph(
  name: (typeof storeNames)[number],
  headers: Record<string, string>,
  document = '{ __typename }',
) {
  const answer = await stack.deployment.subgraphs[name].execute({
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
    search: '',
    body: { query: document },
  });
  const text = answer.body.kind === 'complete' ? answer.body.string : '{}';
  return { status: answer.status ?? 200, codes: codesOf({ text }), text };
}

describe('the router context', () => {
  test('as the router made it, a subgraph takes it', async () => {
    expect(vouched).toMatch(/^[\w-]+\.[\w-]{43}$/);
    for (const name of storeNames) {
      const answer = await atSubgraph(name, { 'x-router-context': vouched });
      expect(answer, name).toMatchObject({ status: 200, codes: [] });
    }
  });

  const [payload, mac] = [() => vouched.split('.')[0] ?? '', () => vouched.split('.')[1] ?? ''];
  const changed = () => encode({ ...decode(payload()), requestId: stack.newId() });
  const lifted = () =>
    encode({ ...decode(payload()), clientCertificateThumbprint: 'A'.repeat(43) });
  test.each([
    ['a MAC of zeros', () => `${payload()}.${Buffer.alloc(32).toString('base64url')}`],
    [
      'a MAC with one other letter',
      () => `${payload()}.${mac().replace(/^./, (c) => (c === 'A' ? 'B' : 'A'))}`,
    ],
    ['half a MAC', () => `${payload()}.${mac().slice(0, 21)}`],
    ['an empty MAC', () => `${payload()}.`],
    ['no MAC', () => payload()],
    ['nothing', () => ''],
    ['only a dot', () => '.'],
    ['a MAC of another payload', () => `${changed()}.${mac()}`],
    ['a certificate written in', () => `${lifted()}.${mac()}`],
    ['a MAC under a key of zeros', () => hmacSigned('', changed(), Buffer.alloc(32))],
    ['three parts', () => `${vouched}.${mac()}`],
    ['the payload as JSON', () => JSON.stringify(decode(payload()))],
    ['two of them, joined', () => `${vouched}, ${vouched}`],
    ['a huge one', () => `${'A'.repeat(100_000)}.${mac()}`],
  ])('%s is refused by every subgraph', async (_name, make) => {
    for (const name of storeNames) {
      const answer = await atSubgraph(name, { 'x-router-context': make() });
      expect(answer, name).toMatchObject({ status: 401, codes: ['ROUTER_CONTEXT_REFUSED'] });
    }
  });

  test('somebody else sends it along with their own good token', async () => {
    for (const name of storeNames) {
      const headers = { 'x-router-context': vouched, authorization: `Bearer ${otherToken}` };
      const answer = await atSubgraph(name, headers);
      expect(answer, name).toMatchObject({ status: 401, codes: ['ROUTER_CONTEXT_REFUSED'] });
    }
  });

  test('an old one, with a token that is still good', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 125_000 });
    for (const name of storeNames) {
      expect((await atSubgraph(name, {})).status, 'the token is good').toBe(200);
      const answer = await atSubgraph(name, { 'x-router-context': vouched });
      expect(answer, name).toMatchObject({ status: 401, codes: ['ROUTER_CONTEXT_REFUSED'] });
    }
  });

  test('a client cannot send one through the router, in any spelling of its name', async () => {
    for (const header of [
      'x-router-context',
      'X-ROUTER-CONTEXT',
      'x_router_context',
      'X-Router_Context',
    ]) {
      tapped.splice(0);
      const answer = await post(token, [[header, vouched]]);
      expect(codesOf(answer), header).toEqual([]);
      const sent = tapped[0]?.headers['x-router-context'] ?? '';
      expect(sent).not.toBe(vouched);
      expect(decode(sent.split('.')[0])['requestId']).toBe(answer.headers['x-request-id']);
    }
  });
});

describe('request ids', () => {
  test('a client cannot choose one, at the router or at a subgraph', async () => {
    const chosen = stack.newId();
    for (const header of ['x-request-id', 'X-Request-ID', 'request-id', 'x-correlation-id']) {
      tapped.splice(0);
      const answer = await post(token, [[header, chosen]]);
      const given = String(answer.headers['x-request-id']);
      expect(isUuidV7(given)).toBe(true);
      expect(given).not.toBe(chosen);
      expect(JSON.stringify(tapped)).not.toContain(chosen);
    }
    await atSubgraph('patient', { 'x-request-id': chosen }, query);
    await stack.settle();
    const found = await stack.deployment.pools.audit.query<{ n: number }>(
      'SELECT count(*)::int AS n FROM audit_event t WHERE t::text LIKE $1',
      [`%${chosen}%`],
    );
    expect(found.rows[0]?.n).toBe(0);
    expect(stack.log.join('\n')).not.toContain(chosen);
  });

  test('an id that would break a log line goes nowhere', async () => {
    await atSubgraph('patient', { 'x-request-id': 'forged","level":"error' });
    expect(stack.log.join('\n')).not.toContain('forged');
  });
});

describe('what goes on to subgraphs', () => {
  test('the headers that are meant to, and none of the client beside them', async () => {
    const answer = await post(token, [
      ['x-forwarded-for', '10.0.0.1'],
      ['x-forwarded-host', 'evil.example'],
      ['x-forwarded-proto', 'https'],
      ['x-forwarded-client-cert', 'Hash=abc'],
      ['forwarded', 'for=10.0.0.1'],
      ['x-real-ip', '10.0.0.1'],
      ['x-client-cert', 'MII'],
      ['x-ssl-client-verify', 'SUCCESS'],
      ['x-actor', 'root'],
      ['x-user-id', 'root'],
      ['x-roles', 'platform_admin'],
      ['x-original-url', '/admin'],
      ['x-rewrite-url', '/admin'],
      ['x-http-method-override', 'GET'],
      ['cookie', 'a=b'],
      ['apollo-federation-include-trace', 'ftv1'],
    ]);
    expect(codesOf(answer)).toEqual([]);
    expect(JSON.parse(answer.text)).not.toHaveProperty('extensions');
    expect(tapped.length).toBeGreaterThan(0);
    for (const { headers } of tapped) {
      expect(Object.keys(headers).sort()).toEqual(['authorization', 'x-router-context']);
    }
  });

  test('a certificate that a client only writes down binds nothing', async () => {
    const x5tS256 = 'A'.repeat(43);
    const bound = await tokenOf(stack, 'hospital-clinician-1', { confirmation: { x5tS256 } });
    const answer = await post(bound, [
      ['x-client-certificate-thumbprint', x5tS256],
      ['x-forwarded-client-cert', `Hash=${x5tS256}`],
    ]);
    expect(answer.status).toBe(401);
    expect(readBody(answer).errors[0]?.extensions['reason']).toBe('TOKEN_BINDING_REFUSED');
    for (const name of storeNames) {
      const headers = {
        authorization: `Bearer ${bound}`,
        'x-client-certificate-thumbprint': x5tS256,
      };
      expect((await atSubgraph(name, headers)).codes).toEqual(['TOKEN_BINDING_REFUSED']);
    }
  });

  test('a purpose that the token does not allow', async () => {
    for (const purpose of [
      'audit',
      'administration',
      'root',
      'treatment, audit',
      'TREATMENT',
      ' ',
    ]) {
      const answer = await post(token, [['x-purpose', purpose]]);
      // A header of spaces alone is an empty one, which states nothing.
      if (purpose.trim() !== '') expect(codesOf(answer), purpose).toEqual(['PURPOSE_REFUSED']);
      expect(readBody(answer).data?.['patients'] ?? null, purpose).toEqual(
        purpose.trim() === '' ? expect.anything() : null,
      );
    }
  });
});

describe('headers that come twice', () => {
  test.each([
    ['authorization', () => [`Bearer ${token}`, `Bearer ${otherToken}`]],
    ['authorization', () => [`Bearer ${token}`, `Bearer ${token}`]],
    ['dpop', () => ['a', 'b']],
    ['x-break-glass', () => ['a', 'b']],
    ['x-purpose', () => ['treatment', 'audit']],
    ['x-router-context', () => [vouched, vouched]],
    ['x-request-id', () => ['a', 'b']],
    ['content-type', () => ['application/json', 'text/plain']],
    ['host', () => ['127.0.0.1', 'evil.example']],
    ['origin', () => ['https://evil.example', 'http://127.0.0.1']],
  ])('%s', async (name, values) => {
    const [one = '', other = ''] = values();
    const spelled = name.toUpperCase();
    const rest = jsonHeaders(token).filter(([header]) => header !== name);
    const answer = await send(stack.url, {
      headers: [...rest, [name, one], [spelled, other]],
      body: JSON.stringify({ query }),
    });
    expect(answer.status).toBe(400);
    expect(readBody(answer).errors[0]?.extensions).toMatchObject({ code: 'BAD_REQUEST' });
    expect(tapped).toEqual([]);
  });
});

describe('a grant to open a record', () => {
  const nowS = () => Math.floor(Date.now() / 1_000);
  const claims = (over: Record<string, unknown> = {}) => ({
    iss: 'caregraph/patient',
    sub: stack.actor('clinician-2').staffId,
    jti: stack.newId(),
    patient: patientId,
    purpose: 'treatment',
    reason: 'EMERGENCY',
    iat: nowS(),
    exp: nowS() + 600,
    ...over,
  });
  const header = (over: Record<string, unknown> = {}) => ({
    alg: 'ES256',
    typ: 'break-glass+jwt',
    kid: stack.grantKey.keyId,
    ...over,
  });
  const document = () => `{ patient(id: "${patientId}") { id } }`;
  const whole = (grant: string, bearer = otherToken) =>
    post(bearer, [['x-break-glass', grant]], document());

  test('one that is good opens the record, and only by its own actor', async () => {
    const grant = signed(header(), claims(), stack.grantKey);
    expect(readBody(await whole(grant)).data).toEqual({ patient: { id: patientId } });
    expect(readBody(await post(otherToken, [], document())).data).toEqual({ patient: null });
  });

  const attacks: [string, () => Promise<string> | string][] = [
    ['signed by a stranger', async () => signed(header(), claims(), await makeSigningKey())],
    ['signed by the key of access tokens', () => signed(header(), claims(), stack.signingKey)],
    [
      'the same under that key’s own id',
      () => signed(header({ kid: stack.signingKey.keyId }), claims(), stack.signingKey),
    ],
    ['not signed', () => `${encode(header({ alg: 'none' }))}.${encode(claims())}.AA`],
    [
      'HS256 with the public key',
      () =>
        hmacSigned(header({ alg: 'HS256' }), claims(), JSON.stringify(stack.grantKey.publicJwk)),
    ],
    [
      'with the key that made it inside',
      async () => {
        const key = await makeSigningKey();
        return signed(header({ jwk: key.publicJwk, kid: key.keyId }), claims(), key);
      },
    ],
    [
      'of the type of an access token',
      () => signed(header({ typ: 'at+jwt' }), claims(), stack.grantKey),
    ],
    ['of no type', () => signed(header({ typ: undefined }), claims(), stack.grantKey)],
    ['the access token itself', () => otherToken],
    ['of somebody else', () => signed(header(), claims({ sub: stack.newId() }), stack.grantKey)],
    [
      'expired a second ago',
      () => signed(header(), claims({ iat: nowS() - 600, exp: nowS() - 1 }), stack.grantKey),
    ],
    ['without an end', () => signed(header(), claims({ exp: undefined }), stack.grantKey)],
    [
      'for longer than an hour',
      () => signed(header(), claims({ exp: nowS() + 3_700 }), stack.grantKey),
    ],
    [
      'for an hour that has not come',
      () => signed(header(), claims({ iat: nowS() + 900, exp: nowS() + 1_800 }), stack.grantKey),
    ],
    [
      'that ends before it begins',
      () => signed(header(), claims({ iat: nowS() + 20, exp: nowS() + 10 }), stack.grantKey),
    ],
    [
      'of another issuer',
      () => signed(header(), claims({ iss: 'caregraph/clinical' }), stack.grantKey),
    ],
    [
      'for a purpose that the actor has not',
      () => signed(header(), claims({ purpose: 'audit' }), stack.grantKey),
    ],
    ['for every patient', () => signed(header(), claims({ patient: '*' }), stack.grantKey)],
    ['for many patients', () => signed(header(), claims({ patient: [patientId] }), stack.grantKey)],
    [
      'for a reason that there is not',
      () => signed(header(), claims({ reason: 'BORED' }), stack.grantKey),
    ],
    ['a word', () => 'open'],
    ['padded', () => `${signed(header(), claims(), stack.grantKey)}=`],
    ['huge', () => signed(header({ pad: 'x'.repeat(4_000) }), claims(), stack.grantKey)],
  ];
  test.each(attacks)('%s is refused, at the router and at every subgraph', async (_name, make) => {
    const grant = await make();
    const answer = await whole(grant);
    expect(codesOf(answer)).toEqual(['BREAK_GLASS_REFUSED']);
    expect(readBody(answer).data?.['patient'] ?? null).toBeNull();
    expect(answer.text).not.toContain(patientId);
    for (const name of storeNames) {
      const headers = { authorization: `Bearer ${otherToken}`, 'x-break-glass': grant };
      const direct = await atSubgraph(name, headers);
      expect(direct, name).toMatchObject({ status: 403, codes: ['BREAK_GLASS_REFUSED'] });
    }
  });

  test('a role that may not break glass, with a grant that names it', async () => {
    const worker = await tokenOf(stack, 'health-worker-1');
    const sub = stack.actor('health-worker-1').staffId;
    const grant = signed(header(), claims({ sub }), stack.grantKey);
    expect(codesOf(await whole(grant, worker))).toEqual(['BREAK_GLASS_REFUSED']);
  });
});
