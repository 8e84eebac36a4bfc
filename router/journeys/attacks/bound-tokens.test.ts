import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { calculateJwkThumbprint, createLocalJWKSet } from 'jose';
import {
  createBreakGlassAccess,
  createLocalReplayGuard,
  createRevocationList,
  createTokenVerifier,
  makeSigningKey,
  type RevocationRegister,
  type SigningKey,
  type TokenVerifier,
} from '@caregraph/access';
import { createIdSource, systemClock } from '@caregraph/clock';
import { embeddedAudience, embeddedIssuer } from '@caregraph/deployment';
import { createInstitutionSubgraph } from '@caregraph/institution-subgraph';
import { createInProcessTransport } from '@caregraph/messaging';
import { createLogger } from '@caregraph/observability';
import { loadSupergraph } from '@caregraph/schema-registry';
import type { Subgraph } from '@caregraph/subgraph';
import {
  createRouter,
  defaultRouterConfig,
  fixedSupergraph,
  type Router,
} from '../../src/index.ts';
import { startJourney, type JourneyStack } from '../test-stack.ts';
import { tokenOf } from './callers.ts';
import { decode, encode, hmacSigned, opened, signed } from './forge.ts';
import { readBody, send } from './wire.ts';

/**
 * Stolen tokens: bound to a key that the thief has not, seen on the way, or revoked. A router and
 * the institution subgraph with a verifier of their own that knows proofs and revocations, over the
 * stores of a deployment.
 */
const clock = systemClock;
const ids = createIdSource(clock);
let stack: JourneyStack;
let router: Router;
let institution: Subgraph;
let revocations: RevocationRegister;
let url: string;
/** What reached a subgraph; all but the institution subgraph are only counted. */
let reached = 0;
let phone: SigningKey;
let thief: SigningKey;
let bound: string;
const graphUrl = 'https://graph.test/graphql';

beforeAll(async () => {
  stack = await startJourney({ households: 1 });
  [phone, thief] = [await makeSigningKey(), await makeSigningKey()];
  revocations = createRevocationList(clock);
  const routerContextKey = new Uint8Array(32).fill(9);
  const log = createLogger({ service: 'attack', level: 'silent' });
  institution = createInstitutionSubgraph({
    pool: stack.deployment.pools.institution,
    ...{ clock, ids, log, routerContextKey },
    verifier: verifierAt('subgraph'),
    breakGlass: createBreakGlassAccess({
      keys: createLocalJWKSet({ keys: [stack.grantKey.publicJwk] }),
      ...{ clock, revocations, revoke: async () => {} },
    }),
    transport: createInProcessTransport(() => []),
    operationHashKey: new Uint8Array(32).fill(1),
    sealing: stack.keys.sealing('institution'),
  });
  await institution.start();
  const counted = (subgraph: Subgraph) => ({
    kind: 'in-process' as const,
    isReady: subgraph.isReady,
    execute(request: Parameters<Subgraph['execute']>[0]) {
      reached += 1;
      return subgraph.execute(request);
    },
  });
  const { patient, clinical, prescription, audit } = stack.deployment.subgraphs;
  router = await createRouter({
    config: { ...defaultRouterConfig, port: 0, explorer: false },
    subgraphs: {
      institution: counted(institution),
      patient: counted(patient),
      clinical: counted(clinical),
      prescription: counted(prescription),
      audit: counted(audit),
    },
    supergraph: fixedSupergraph(await loadSupergraph()),
    verifier: verifierAt('router'),
    ...{ routerContextKey, log, clock, ids },
  });
  url = await router.listen();
  const jkt = await calculateJwkThumbprint(phone.publicJwk);
  bound = await tokenOf(stack, 'health-worker-1', { confirmation: { jkt } });
});
afterAll(async () => {
  await router.close();
  await institution.stop();
  await stack.stop();
});
beforeEach(() => void (reached = 0));

function verifierAt(where: 'router' | 'subgraph'): TokenVerifier {
  const proofs = { url: graphUrl, clock };
  return createTokenVerifier({
    issuer: embeddedIssuer,
    audience: embeddedAudience,
    keys: createLocalJWKSet({ keys: [stack.signingKey.publicJwk] }),
    ...{ clock, revocations },
    proofs: where === 'router' ? { ...proofs, replay: createLocalReplayGuard(clock) } : proofs,
  });
}

const nowS = () => Math.floor(Date.now() / 1_000);
const athOf = (token: string) => createHash('sha256').update(token).digest('base64url');
const bare = ({ publicJwk }: SigningKey) => {
  const { kty, crv, x, y } = publicJwk;
  return { kty, crv, x, y };
};
const headOf = (over: Record<string, unknown> = {}) => ({
  alg: 'ES256',
  typ: 'dpop+jwt',
  jwk: bare(phone),
  ...over,
});
const claimsOf = (over: Record<string, unknown> = {}) => ({
  jti: ids.next(),
  htm: 'POST',
  htu: graphUrl,
  iat: nowS(),
  ath: athOf(bound),
  ...over,
});
const proof = (claims = {}, head = {}, key = phone) => signed(headOf(head), claimsOf(claims), key);

async function ask(authorization: string, dpop?: string) {
  const answer = await send(url, {
    headers: [
      ['authorization', authorization],
      ['content-type', 'application/json'],
      ...(dpop === undefined ? [] : [['dpop', dpop] as [string, string]]),
    ],
    body: JSON.stringify({ query: '{ me { id } }' }),
  });
  const { data, errors } = readBody(answer);
  return { status: answer.status, data: data ?? null, reason: errors[0]?.extensions['reason'] };
}

async function atSubgraph(authorization: string, dpop?: string) {
  const answer = await institution.execute({
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json', dpop },
    search: '',
    body: { query: '{ me { id } }' },
  });
  const text = answer.body.kind === 'complete' ? answer.body.string : '{}';
  const { data, errors } = readBody({ text });
  return { status: answer.status ?? 200, data: data ?? null, code: errors[0]?.extensions.code };
}

async function expectRefused(authorization: string, dpop: string | undefined, reason: string) {
  expect(await ask(authorization, dpop)).toEqual({ status: 401, data: null, reason });
  expect(reached).toBe(0);
  expect(await atSubgraph(authorization, dpop)).toEqual({ status: 401, data: null, code: reason });
}

const me = () => ({ me: { id: stack.actor('health-worker-1').staffId } });

test('its own phone is answered, through the router and the subgraph behind it', async () => {
  expect(await ask(`DPoP ${bound}`, proof())).toMatchObject({ status: 200, data: me() });
  expect(reached).toBe(1);
});

describe('a bound token', () => {
  test('as a bearer token, with a proof or without', async () => {
    await expectRefused(`Bearer ${bound}`, undefined, 'TOKEN_BINDING_REFUSED');
    await expectRefused(`Bearer ${bound}`, proof(), 'TOKEN_BINDING_REFUSED');
    await expectRefused(`bearer ${bound}`, proof(), 'TOKEN_BINDING_REFUSED');
  });

  test('without a proof, or with an empty one', async () => {
    await expectRefused(`DPoP ${bound}`, undefined, 'TOKEN_BINDING_REFUSED');
    await expectRefused(`DPoP ${bound}`, '', 'DPOP_PROOF_INVALID');
  });

  test('an unbound token under its scheme looks no safer than it is', async () => {
    const unbound = await tokenOf(stack, 'health-worker-1');
    await expectRefused(`DPoP ${unbound}`, proof({ ath: athOf(unbound) }), 'TOKEN_BINDING_REFUSED');
  });

  test('a stolen proof: used once, it is used up', async () => {
    const used = proof();
    expect((await ask(`DPoP ${bound}`, used)).status).toBe(200);
    reached = 0;
    const again = { status: 401, data: null, reason: 'DPOP_PROOF_INVALID' };
    expect(await ask(`DPoP ${bound}`, used)).toEqual(again);
    expect(reached).toBe(0);
  });

  test('a stolen proof, used by many at once: one gets in', async () => {
    const used = proof();
    const all = await Promise.all(Array.from({ length: 40 }, () => ask(`DPoP ${bound}`, used)));
    expect(all.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(reached).toBe(1);
  });

  test('a used proof in another spelling', async () => {
    const used = proof();
    await ask(`DPoP ${bound}`, used);
    reached = 0;
    for (const one of [`${used}=`, ` ${used}`, `${used} `, `${used}.`]) {
      expect((await ask(`DPoP ${bound}`, one)).status).toBe(401);
    }
    expect(reached).toBe(0);
  });

  const attacks: [string, () => string][] = [
    ['the key of the thief', () => proof({}, { jwk: bare(thief) }, thief)],
    ['the phone’s key in it, signed by the thief', () => proof({}, {}, thief)],
    ['a proof for another token', () => proof({ ath: athOf('other') })],
    ['a proof for no token', () => proof({ ath: undefined })],
    ['a proof for another address', () => proof({ htu: 'https://evil.example/graphql' })],
    ['a proof for another path', () => proof({ htu: 'https://graph.test/other' })],
    ['a proof for a longer host', () => proof({ htu: 'https://graph.test.evil.example/graphql' })],
    [
      'a proof for a user at another host',
      () => proof({ htu: 'https://graph.test@evil.example/graphql' }),
    ],
    ['a proof over plain HTTP', () => proof({ htu: 'http://graph.test/graphql' })],
    ['an old proof', () => proof({ iat: nowS() - 120 })],
    ['a proof of tomorrow', () => proof({ iat: nowS() + 120 })],
    ['a proof without a time', () => proof({ iat: undefined })],
    ['a proof without an id', () => proof({ jti: undefined })],
    ['a proof with an empty id', () => proof({ jti: '' })],
    ['a proof with an id as long as a page', () => proof({ jti: 'x'.repeat(201) })],
    ['a proof of another type', () => proof({}, { typ: 'JWT' })],
    ['a proof without a key', () => proof({}, { jwk: undefined })],
    ['a proof that names a key instead', () => proof({}, { jwk: undefined, kid: phone.keyId })],
    ['a proof with the private key in it', () => proof({}, { jwk: phone.privateJwk })],
    [
      'a proof with a symmetric key',
      () =>
        hmacSigned(
          headOf({ alg: 'HS256', jwk: { kty: 'oct', k: 'AA' } }),
          claimsOf(),
          Buffer.alloc(1),
        ),
    ],
    [
      'a proof that is not signed',
      () => `${encode(headOf({ alg: 'none' }))}.${encode(claimsOf())}.AA`,
    ],
    [
      'a proof by the key of access tokens',
      () => proof({}, { jwk: bare(stack.signingKey) }, stack.signingKey),
    ],
    ['a proof with critical unknowns', () => proof({}, { crit: ['x'], x: 1 })],
    ['an access token as a proof', () => bound],
    ['a word', () => 'proof'],
    ['two proofs, joined', () => `${proof()}, ${proof()}`],
    ['a huge proof', () => proof({ pad: 'x'.repeat(5_000) })],
  ];
  test.each(attacks)('%s', async (_name, make) => {
    await expectRefused(`DPoP ${bound}`, make(), 'DPOP_PROOF_INVALID');
  });

  test('a proof for GET does not do for POST', async () => {
    const answer = await ask(`DPoP ${bound}`, proof({ htm: 'GET' }));
    expect(answer).toEqual({ status: 401, data: null, reason: 'DPOP_PROOF_INVALID' });
    expect(reached).toBe(0);
  });

  test('the binding taken out of the token', async () => {
    const { header, payload, signature } = opened(bound);
    const { cnf: _bound, ...claims } = payload;
    const loose = `${encode(header)}.${encode(claims)}.${signature}`;
    await expectRefused(`Bearer ${loose}`, undefined, 'TOKEN_SIGNATURE_INVALID');
  });

  test('bound to both a key and a certificate, with the key alone', async () => {
    const jkt = await calculateJwkThumbprint(phone.publicJwk);
    const both = await tokenOf(stack, 'health-worker-1', {
      confirmation: { jkt, x5tS256: 'A'.repeat(43) },
    });
    await expectRefused(`DPoP ${both}`, proof({ ath: athOf(both) }), 'TOKEN_BINDING_REFUSED');
  });
});

describe('a revoked token', () => {
  test.each(['token', 'session', 'subject', 'device', 'client'] as const)(
    'by its %s',
    async (kind) => {
      const over = {
        id: stack.newId(),
        sessionId: stack.newId(),
        deviceId: stack.newId(),
        clientId: stack.newId(),
      };
      const token = await tokenOf(stack, 'health-worker-1', over);
      // Seen before, so that the verifier has it in its cache.
      expect((await ask(`Bearer ${token}`)).status).toBe(200);
      const byKind = {
        token: String(decode(token.split('.')[1])['jti']),
        session: over.sessionId,
        subject: over.id,
        device: over.deviceId,
        client: over.clientId,
      };
      revocations.add({ kind, id: byKind[kind], revokedAt: nowS() });
      reached = 0;
      await expectRefused(`Bearer ${token}`, undefined, 'TOKEN_REVOKED');
    },
  );

  test('an earlier revocation, told later, does not bring it back', async () => {
    const id = stack.newId();
    const token = await tokenOf(stack, 'health-worker-1', { id });
    revocations.add({ kind: 'subject', id, revokedAt: nowS() });
    revocations.add({ kind: 'subject', id, revokedAt: 1 });
    await expectRefused(`Bearer ${token}`, undefined, 'TOKEN_REVOKED');
  });
});
