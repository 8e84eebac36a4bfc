import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeSigningKey, type SigningKey } from '@caregraph/access';
import { storeNames } from '@caregraph/database';
import { startJourney, type JourneyStack } from '../test-stack.ts';
import { tokenOf } from './callers.ts';
import { attackersKeys, encode, hmacSigned, opened, signed, withTrailingBits } from './forge.ts';
import { jsonHeaders, readBody, send } from './wire.ts';

/**
 * Tokens that must open nothing, at the router and straight at each subgraph: whoever gets around
 * the router finds the same door. Each is made from a token that is good.
 */
let stack: JourneyStack;
let good: string;
let own: SigningKey;
let attackers: SigningKey;
let keyServer: Awaited<ReturnType<typeof attackersKeys>>;

beforeAll(async () => {
  stack = await startJourney({ households: 1 });
  good = await tokenOf(stack, 'hospital-clinician-1');
  own = stack.signingKey;
  attackers = await makeSigningKey();
  keyServer = await attackersKeys(attackers);
});
afterAll(async () => {
  await stack.stop();
  await keyServer.stop();
});

const query = '{ __typename }';

async function atRouter(authorization: string) {
  const answer = await send(stack.url, {
    headers: [
      ['authorization', authorization],
      ['content-type', 'application/json'],
    ],
    body: JSON.stringify({ query }),
  });
  const { errors, data } = readBody(answer);
  const told = errors[0]?.extensions;
  const [code, reason] = [told?.code, told?.['reason']];
  return { status: answer.status, data: data ?? null, code, reason, text: answer.text };
}

async function atSubgraph(name: (typeof storeNames)[number], authorization: string) {
  const answer = await stack.deployment.subgraphs[name].execute({
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    search: '',
    body: { query: '{ _service { sdl } }' },
  });
  if (answer.body.kind !== 'complete') throw new Error('an answer in parts');
  const { errors, data } = readBody({ text: answer.body.string });
  return { status: answer.status ?? 200, data: data ?? null, code: errors[0]?.extensions.code };
}

async function expectRefusedEverywhere(authorization: string, code: string): Promise<void> {
  const { text, ...answer } = await atRouter(authorization);
  const reason = code === 'UNAUTHENTICATED' ? 'TOKEN_MISSING' : code;
  expect(answer).toEqual({ status: 401, data: null, code: 'UNAUTHENTICATED', reason });
  expect(text).not.toMatch(/jose|JWS|node_modules|\/\w+\.ts/);
  for (const name of storeNames) {
    expect(await atSubgraph(name, authorization), name).toEqual({ status: 401, data: null, code });
  }
  expect(keyServer.visits).toEqual([]);
}

const refusedToken = (token: string, code: string) =>
  expectRefusedEverywhere(`Bearer ${token}`, code);
const header = (over: Record<string, unknown> = {}) => ({ ...opened(good).header, ...over });
const payload = (over: Record<string, unknown> = {}) => ({ ...opened(good).payload, ...over });

test('the same token, made again by the same key, is good everywhere', async () => {
  const again = `Bearer ${signed(header(), payload(), own)}`;
  expect(await atRouter(again)).toMatchObject({ status: 200, data: { __typename: 'Query' } });
  for (const name of storeNames) expect((await atSubgraph(name, again)).status, name).toBe(200);
});

describe('algorithms', () => {
  test.each(['none', 'None', 'NONE', 'nOnE', 'ES256 '])(
    'alg %j without a signature',
    async (alg) => {
      const content = `${encode(header({ alg }))}.${encode(payload())}`;
      await refusedToken(`${content}.`, 'TOKEN_MALFORMED');
      await refusedToken(content, 'TOKEN_MALFORMED');
      await refusedToken(`${content}.AA`, 'TOKEN_ALGORITHM_REFUSED');
    },
  );

  test('alg none over a signature that was good', async () => {
    const { signature } = opened(good);
    const content = `${encode(header({ alg: 'none' }))}.${encode(payload())}`;
    await refusedToken(`${content}.${signature}`, 'TOKEN_ALGORITHM_REFUSED');
  });

  test('HS256 with the public key as its secret, in every spelling', async () => {
    const jwk = own.publicJwk;
    const point = Buffer.concat([
      Buffer.from([4]),
      Buffer.from(jwk.x ?? '', 'base64url'),
      Buffer.from(jwk.y ?? '', 'base64url'),
    ]);
    const secrets = [JSON.stringify(jwk), JSON.stringify({ keys: [jwk] }), jwk.x ?? '', point, ''];
    for (const secret of secrets) {
      const token = hmacSigned(header({ alg: 'HS256' }), payload(), secret);
      await refusedToken(token, 'TOKEN_ALGORITHM_REFUSED');
    }
  });

  test.each(['RS256', 'PS256', 'ES384', 'EdDSA', 'ES256K', 'dir'])('alg %s', async (alg) => {
    await refusedToken(signed(header({ alg }), payload(), own), 'TOKEN_ALGORITHM_REFUSED');
  });

  test.each([
    ['a number', 256],
    ['a list', ['ES256']],
    ['null', null],
    ['empty', ''],
    ['missing', undefined],
  ])('an alg that is %s', async (_name, alg) => {
    await refusedToken(signed(header({ alg }), payload(), own), 'TOKEN_MALFORMED');
  });
});

describe('keys', () => {
  test('a stranger signs under our key id', async () => {
    await refusedToken(signed(header(), payload(), attackers), 'TOKEN_SIGNATURE_INVALID');
  });

  test.each([
    ['a path', '../../../../../../dev/null'],
    ['a path of a file that is known', '/etc/hostname'],
    ['SQL', "x' UNION SELECT 'AA'; --"],
    ['a command', '$(id)|id'],
    ['a prototype', '__proto__'],
    ['a constructor', 'constructor'],
    ['nobody', 'unknown'],
    ['an empty text', ''],
  ])('a key id that is %s', async (_name, kid) => {
    for (const key of [own, attackers]) {
      await refusedToken(signed(header({ kid }), payload(), key), 'TOKEN_SIGNATURE_INVALID');
    }
    const empty = hmacSigned(header({ kid, alg: 'HS256' }), payload(), '');
    await refusedToken(empty, 'TOKEN_ALGORITHM_REFUSED');
  });

  test('the key id of another trusted key: grants to open a record', async () => {
    const grants = stack.grantKey;
    const claims = payload();
    const named = signed(header({ kid: grants.keyId }), claims, grants);
    await refusedToken(named, 'TOKEN_SIGNATURE_INVALID');
    await refusedToken(signed(header(), claims, grants), 'TOKEN_SIGNATURE_INVALID');
    const crossed = signed(header({ kid: grants.keyId }), claims, own);
    await refusedToken(crossed, 'TOKEN_SIGNATURE_INVALID');
  });

  test.each(['jku', 'x5u'])(
    '%s names the key set of the attacker: nobody goes there',
    async (where) => {
      const over = { [where]: keyServer.url, kid: attackers.keyId };
      await refusedToken(signed(header(over), payload(), attackers), 'TOKEN_SIGNATURE_INVALID');
      const ours = signed(header({ [where]: keyServer.url }), payload(), attackers);
      await refusedToken(ours, 'TOKEN_SIGNATURE_INVALID');
    },
  );

  test('the attacker brings the key along: jwk, x5c', async () => {
    const x5c = [Buffer.from('certificate').toString('base64')];
    for (const over of [
      { jwk: attackers.publicJwk },
      { jwk: attackers.publicJwk, kid: undefined },
      { x5c },
    ]) {
      const token = signed(header(over), payload(), attackers);
      await refusedToken(token, 'TOKEN_SIGNATURE_INVALID');
    }
  });

  test('an issuer that the attacker runs, keys and all', async () => {
    const issuer = new URL('/', keyServer.url).href;
    const over = { iss: issuer };
    const token = signed(header({ kid: attackers.keyId }), payload(over), attackers);
    await refusedToken(token, 'TOKEN_SIGNATURE_INVALID');
  });
});

describe('header extensions', () => {
  test.each([
    ['one that nobody knows', { crit: ['x'], x: 1 }],
    ['one that is not there', { crit: ['exp'] }],
    ['none', { crit: [] }],
    ['a text', { crit: 'b64' }],
  ])('crit with %s', async (_name, over) => {
    const answer = await atRouter(`Bearer ${signed(header(over), payload(), own)}`);
    expect(answer).toMatchObject({ status: 401, data: null });
    for (const name of storeNames) {
      const token = signed(header(over), payload(), own);
      expect((await atSubgraph(name, `Bearer ${token}`)).status).toBe(401);
    }
  });

  test('an unencoded payload (b64: false), declared critical or not', async () => {
    const critical = signed(header({ b64: false, crit: ['b64'] }), payload(), own);
    expect((await atRouter(`Bearer ${critical}`)).status).toBe(401);
    for (const name of storeNames) {
      expect((await atSubgraph(name, `Bearer ${critical}`)).status).toBe(401);
    }
  });

  test('compressed and encrypted tokens', async () => {
    const five = `${encode({ alg: 'dir', enc: 'A256GCM', zip: 'DEF' })}..${encode('iv')}.AA.AA`;
    await refusedToken(five, 'TOKEN_MALFORMED');
  });
});

describe('spellings', () => {
  const parts = () => good.split('.') as [string, string, string];

  test('one bit of each part, and parts of another token', async () => {
    const [head, body, signature] = parts();
    const other = (await tokenOf(stack, 'platform-admin')).split('.');
    await refusedToken(`${head}.${other[1]}.${signature}`, 'TOKEN_SIGNATURE_INVALID');
    await refusedToken(`${head}.${body}.${other[2]}`, 'TOKEN_SIGNATURE_INVALID');
    const risen = encode(payload({ roles: ['platform_admin'] }));
    await refusedToken(`${head}.${risen}.${signature}`, 'TOKEN_SIGNATURE_INVALID');
  });

  test('a signature that is cut off, doubled, empty or zero', async () => {
    const [head, body, signature] = parts();
    await refusedToken(`${head}.${body}.`, 'TOKEN_MALFORMED');
    await refusedToken(`${head}.${body}`, 'TOKEN_MALFORMED');
    const zero = Buffer.alloc(64).toString('base64url');
    const half = Buffer.from(signature, 'base64url').subarray(0, 32).toString('base64url');
    const double = Buffer.concat([Buffer.from(signature, 'base64url'), Buffer.alloc(64)]);
    for (const wrong of [zero, half, double.toString('base64url')]) {
      await refusedToken(`${head}.${body}.${wrong}`, 'TOKEN_SIGNATURE_INVALID');
    }
  });

  test('the same bytes in another spelling: a list of revoked tokens must not be passed by', async () => {
    const [head, body, signature] = parts();
    const spellings = [
      `${head}.${body}.${withTrailingBits(signature)}`,
      `${head}.${body}.${signature}==`,
      `${head}.${body}.${signature}%3D`,
      `${head}=.${body}.${signature}`,
      `${head}.${body}.${signature}.`,
      `.${head}.${body}.${signature}`,
      `${head}.${body}.${signature}.${signature}`,
      `${head}..${body}.${signature}`,
    ];
    for (const one of spellings) await refusedToken(one, 'TOKEN_MALFORMED');
  });

  test('spaces, tabs and more than one credential', async () => {
    const [head, body, signature] = parts();
    const spaced = [
      `Bearer  ${good}`,
      `Bearer ${head}. ${body}.${signature}`,
      `Bearer\t${good}`,
      `Bearer ${good} ${good}`,
      `Bearer ${good}, Bearer ${good}`,
      `Bearer ${good},`,
      good,
      `Basic ${Buffer.from(`x:${good}`).toString('base64')}`,
      'Bearer',
      'Bearer null',
      'Bearer undefined',
    ];
    for (const authorization of spaced) {
      expect((await atRouter(authorization)).status, authorization.slice(0, 12)).toBe(401);
      for (const name of storeNames) {
        expect((await atSubgraph(name, authorization)).status).toBe(401);
      }
    }
  });

  test('members that stand twice in the header or the claims', async () => {
    const claims = JSON.stringify(payload());
    const twice = `{"alg":"ES256","typ":"at+jwt","kid":${JSON.stringify(own.keyId)},"alg":"none"}`;
    await refusedToken(signed(twice, claims, own), 'TOKEN_ALGORITHM_REFUSED');
    const risen = claims.replace(/\}$/, ',"roles":["platform_admin"]}');
    const [head, , signature] = parts();
    await refusedToken(`${head}.${encode(risen)}.${signature}`, 'TOKEN_SIGNATURE_INVALID');
  });

  test.each([
    ['an array', '[]'],
    ['a text', '"x"'],
    ['null', 'null'],
    ['no JSON', '{'],
    ['nothing', ' '],
  ])('claims that are %s', async (_name, claims) => {
    await refusedToken(signed(header(), claims, own), 'TOKEN_MALFORMED');
  });

  test('a huge token', async () => {
    const huge = signed(header(), payload({ scope: 'x'.repeat(8_000) }), own);
    await refusedToken(huge, 'TOKEN_MALFORMED');
    const flood = await send(stack.url, {
      headers: jsonHeaders('x'.repeat(100_000)),
      body: JSON.stringify({ query }),
    });
    expect(flood.status).toBe(431);
  });
});

describe('another kind of token, signed by a key that is trusted', () => {
  test.each([
    'JWT',
    'dpop+jwt',
    'break-glass+jwt',
    'logout+jwt',
    'secevent+jwt',
    'rt+jwt',
    'client-authentication+jwt',
    'caregraph-documents+jws',
    'at+jwt2',
    'at',
    '',
    undefined,
  ])('typ %s', async (typ) => {
    await refusedToken(signed(header({ typ }), payload(), own), 'TOKEN_CLAIMS_INVALID');
  });

  test('an id token of the client', async () => {
    const { sub, iss, iat, exp } = opened(good).payload;
    const claims = { sub, iss, iat, exp, aud: 'field-app', nonce: 'n', auth_time: iat };
    for (const typ of ['JWT', 'at+jwt']) {
      await refusedToken(signed(header({ typ }), claims, own), 'TOKEN_CLAIMS_INVALID');
    }
    const whole = { ...payload(), aud: 'field-app' };
    await refusedToken(signed(header(), whole, own), 'TOKEN_AUDIENCE_REFUSED');
  });

  test('a grant to open a record, as it comes and under our key id', async () => {
    const { sub, iat } = opened(good).payload;
    const claims = {
      iss: 'caregraph/patient',
      sub,
      iat,
      exp: Number(iat) + 600,
      jti: stack.newId(),
    };
    for (const kid of [stack.grantKey.keyId, own.keyId]) {
      const grant = signed({ alg: 'ES256', typ: 'break-glass+jwt', kid }, claims, stack.grantKey);
      await refusedToken(grant, 'TOKEN_SIGNATURE_INVALID');
    }
  });

  test('a proof of possession, signed by the key that it carries', async () => {
    const head = { alg: 'ES256', typ: 'dpop+jwt', jwk: attackers.publicJwk };
    const claims = { jti: 'x', htm: 'POST', htu: `${stack.url}/graphql`, iat: 1 };
    await refusedToken(signed(head, claims, attackers), 'TOKEN_SIGNATURE_INVALID');
  });
});

describe('claims', () => {
  const nowS = () => Math.floor(Date.now() / 1_000);
  const issued = (over: Record<string, unknown>) => signed(header(), payload(over), own);

  test('expired, from the future, without a time, with times that are no numbers', async () => {
    await refusedToken(issued({ exp: nowS() - 31, iat: nowS() - 600 }), 'TOKEN_EXPIRED');
    await refusedToken(issued({ nbf: nowS() + 600 }), 'TOKEN_NOT_YET_VALID');
    await refusedToken(issued({ iat: nowS() + 600, exp: nowS() + 1_200 }), 'TOKEN_NOT_YET_VALID');
    for (const exp of [undefined, null, '9999999999', true, [], 1e400]) {
      await refusedToken(issued({ exp }), 'TOKEN_CLAIMS_INVALID');
    }
  });

  test('of another issuer, or one that looks like ours', async () => {
    const iss = String(opened(good).payload['iss']);
    for (const other of [
      `${iss}/`,
      iss.toUpperCase(),
      'https://other.invalid',
      [iss],
      '',
      undefined,
    ]) {
      await refusedToken(issued({ iss: other }), 'TOKEN_ISSUER_REFUSED');
    }
  });

  test('for another audience, or one that looks like ours', async () => {
    const aud = String(opened(good).payload['aud']);
    for (const other of [`${aud}/`, [`${aud}2`], [], '', { 0: aud }, 'caregraph']) {
      await refusedToken(issued({ aud: other }), 'TOKEN_AUDIENCE_REFUSED');
    }
  });

  test.each([
    ['a role that there is not', { roles: ['root'] }],
    ['no role', { roles: [] }],
    ['a role that is a text', { roles: 'clinician' }],
    ['a role of every object', { roles: ['constructor'] }],
    ['an institution that is no id', { institution: '*' }],
    ['an area that is no id', { areas: ['%'] }],
    ['areas that are all', { areas: '*' }],
    ['more areas than a token holds', { areas: Array(201).fill('x') }],
    ['no purpose', { purposes: [] }],
    ['a subject that breaks a header', { sub: 'x\r\nx-router-context: y' }],
    ['no client', { client_id: undefined }],
    ['a binding that nobody knows', { cnf: { kid: 'x' } }],
    ['a binding that is empty', { cnf: {} }],
    ['documents that are neither', { documents: 'all' }],
    ['a scope that is no text', { scope: ['patient:read'] }],
  ])('%s', async (_name, over) => {
    await refusedToken(issued(over), 'TOKEN_CLAIMS_INVALID');
  });

  test('a scope widens nothing', async () => {
    const scope = 'patient:read audit:read platform:all record:import * admin';
    const token = await tokenOf(stack, 'health-worker-1', { scope });
    const asked = '{ auditEvents(first: 1) { edges { cursor } } }';
    const answer = await stack.ask('-', asked, {}, { token });
    expect(answer.errors[0]?.extensions.code).toBe('FORBIDDEN');
  });
});

test('a token that the router has just seen does not vouch for one that differs in a letter', async () => {
  await atRouter(`Bearer ${good}`);
  const last = good.at(-3) === 'A' ? 'B' : 'A';
  const near = `${good.slice(0, -3)}${last}${good.slice(-2)}`;
  await refusedToken(near, 'TOKEN_SIGNATURE_INVALID');
});
