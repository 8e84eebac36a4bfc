import { createHash } from 'node:crypto';
import {
  SignJWT,
  createLocalJWKSet,
  exportJWK,
  generateKeyPair,
  type CryptoKey,
  type JWK,
} from 'jose';
import { beforeAll, describe, expect, test } from 'vitest';
import { createIdSource, fixedClock } from '@caregraph/clock';
import { createTokenIssuer, makeSigningKey, type SigningKey } from '../token/issue-token.ts';
import { createTokenVerifier } from '../token/verify-token.ts';
import { createLocalReplayGuard } from './replay-guard.ts';

const url = 'https://graph.test/graphql';
const start = new Date('2026-03-01T08:00:00Z');
const startS = start.getTime() / 1_000;
const origin = { issuer: 'https://identity.test', audience: 'https://caregraph.test' };
const ids = createIdSource(fixedClock(start));
let signing: SigningKey;
let device: { privateKey: CryptoKey; publicJwk: JWK; jkt: string };
let token: string;

beforeAll(async () => {
  signing = await makeSigningKey();
  const pair = await generateKeyPair('ES256', { extractable: true });
  const publicJwk = await exportJWK(pair.publicKey);
  const canonical = JSON.stringify({
    crv: publicJwk.crv,
    kty: publicJwk.kty,
    x: publicJwk.x,
    y: publicJwk.y,
  });
  const jkt = createHash('sha256').update(canonical).digest('base64url');
  device = { privateKey: pair.privateKey, publicJwk, jkt };
  token = await issue({ jkt });
});

function issue(confirmation?: { jkt?: string; x5tS256?: string }): Promise<string> {
  const clock = fixedClock(start);
  return createTokenIssuer({ ...origin, key: signing, clientId: 'app', clock, ids }).issue({
    id: ids.next(),
    roles: ['health_worker'],
    institutionId: ids.next(),
    areaRoots: [],
    purposes: ['treatment'],
    ...(confirmation && { confirmation }),
  });
}

interface ProofOver {
  readonly header?: Record<string, unknown>;
  readonly claims?: Record<string, unknown>;
  readonly signedBy?: CryptoKey;
}

function prove({ header = {}, claims = {}, signedBy }: ProofOver = {}): Promise<string> {
  const ath = createHash('sha256').update(token).digest('base64url');
  return new SignJWT({ jti: ids.next(), htm: 'POST', htu: url, iat: startS, ath, ...claims })
    .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk: device.publicJwk, ...header })
    .sign(signedBy ?? device.privateKey);
}

function verifier(at = start, replay = true) {
  const clock = fixedClock(at);
  return createTokenVerifier({
    ...origin,
    keys: createLocalJWKSet({ keys: [signing.publicJwk] }),
    clock,
    proofs: { url, clock, ...(replay ? { replay: createLocalReplayGuard(clock) } : {}) },
  });
}

const sent = (dpop: string | undefined) => ({
  authorization: `DPoP ${token}`,
  dpop,
  method: 'POST',
});
const refused = { code: 'DPOP_PROOF_INVALID' };

test('a token goes with a proof of its key', async () => {
  const actor = await verifier().verifyRequest(sent(await prove()));
  expect(actor.confirmation).toEqual({ jkt: device.jkt });
});

test('query and fragment of the stated URL do not count, nor does its spelling', async () => {
  const proof = await prove({ claims: { htu: 'HTTPS://graph.test:443/graphql?a=1#b' } });
  await expect(verifier().verifyRequest(sent(proof))).resolves.toBeDefined();
});

test('whoever does not know the method takes either of the two that the graph has', async () => {
  const get = await prove({ claims: { htm: 'GET' } });
  await expect(
    verifier(start, false).verifyRequest({ ...sent(get), method: undefined }),
  ).resolves.toBeDefined();
  const put = await prove({ claims: { htm: 'PUT' } });
  await expect(
    verifier(start, false).verifyRequest({ ...sent(put), method: undefined }),
  ).rejects.toMatchObject(refused);
});

describe('a stolen token is worth nothing', () => {
  test('as a bearer token, with or without a proof', async () => {
    const bearer = { ...sent(await prove()), authorization: `Bearer ${token}` };
    const code = 'TOKEN_BINDING_REFUSED';
    await expect(verifier().verifyRequest(bearer)).rejects.toMatchObject({ code });
    await expect(verifier().verifyRequest(sent(undefined))).rejects.toMatchObject({ code });
  });

  test('where proofs cannot be checked', async () => {
    const without = createTokenVerifier({
      ...origin,
      keys: createLocalJWKSet({ keys: [signing.publicJwk] }),
      clock: fixedClock(start),
    });
    await expect(without.verifyRequest(sent(await prove()))).rejects.toMatchObject({
      code: 'TOKEN_BINDING_REFUSED',
    });
  });

  test("with a thief's key in the proof", async () => {
    const thief = await generateKeyPair('ES256', { extractable: true });
    const jwk = await exportJWK(thief.publicKey);
    const proof = await prove({ header: { jwk }, signedBy: thief.privateKey });
    await expect(verifier().verifyRequest(sent(proof))).rejects.toMatchObject(refused);
    const mixed = await prove({ signedBy: thief.privateKey });
    await expect(verifier().verifyRequest(sent(mixed))).rejects.toMatchObject(refused);
  });

  test('with a proof that was used before', async () => {
    const router = verifier();
    const proof = await prove();
    await router.verifyRequest(sent(proof));
    await expect(router.verifyRequest(sent(proof))).rejects.toMatchObject(refused);
  });

  test('with a proof of another minute', async () => {
    const proof = await prove();
    for (const offsetS of [-120, 120]) {
      const then = verifier(new Date(start.getTime() + offsetS * 1_000));
      // The token itself is good: it is ten minutes old at most, or within the leeway.
      await expect(then.verifyRequest(sent(proof))).rejects.toMatchObject({
        code: offsetS < 0 ? 'TOKEN_NOT_YET_VALID' : 'DPOP_PROOF_INVALID',
      });
    }
    const old = await prove({ claims: { iat: startS - 600 } });
    await expect(verifier().verifyRequest(sent(old))).rejects.toMatchObject(refused);
    const ahead = await prove({ claims: { iat: startS + 600 } });
    await expect(verifier().verifyRequest(sent(ahead))).rejects.toMatchObject(refused);
  });
});

test.each<[string, ProofOver]>([
  ['another method', { claims: { htm: 'GET' } }],
  ['another place', { claims: { htu: 'https://graph.test/other' } }],
  ['another host', { claims: { htu: 'https://evil.test/graphql' } }],
  ['no URL', { claims: { htu: 'graphql' } }],
  ['another token', { claims: { ath: createHash('sha256').update('x').digest('base64url') } }],
  ['no token hash', { claims: { ath: undefined } }],
  ['no id', { claims: { jti: undefined } }],
  ['no time', { claims: { iat: undefined } }],
  ['another type', { header: { typ: 'at+jwt' } }],
  ['no key', { header: { jwk: undefined } }],
])('a proof with %s is refused', async (_what, over) => {
  await expect(verifier().verifyRequest(sent(await prove(over)))).rejects.toMatchObject(refused);
});

test.each([
  'x',
  'a.b.c',
  '',
  `${'a'.repeat(5_000)}.b.c`,
  // Two headers come joined by a comma.
  'eyJ0eXAiOiJkcG9wK2p3dCJ9.e30.AA, eyJ0eXAiOiJkcG9wK2p3dCJ9.e30.AA',
])('what is no proof is refused', async (text) => {
  await expect(verifier().verifyRequest(sent(text))).rejects.toMatchObject(refused);
});

test('a private key in the header, a symmetric one, or none as algorithm is refused', async () => {
  const pair = await generateKeyPair('ES256', { extractable: true });
  const jwk = await exportJWK(pair.privateKey);
  const leaking = await prove({ header: { jwk }, signedBy: pair.privateKey });
  await expect(verifier().verifyRequest(sent(leaking))).rejects.toMatchObject(refused);
  const secret = { kty: 'oct', k: Buffer.alloc(32, 1).toString('base64url') };
  const symmetric = await new SignJWT({ jti: 'a', htm: 'POST', htu: url, iat: startS, ath: 'b' })
    .setProtectedHeader({ alg: 'HS256', typ: 'dpop+jwt', jwk: secret })
    .sign(Buffer.alloc(32, 1));
  await expect(verifier().verifyRequest(sent(symmetric))).rejects.toMatchObject(refused);
  const [, payload] = (await prove()).split('.');
  const header = { alg: 'none', typ: 'dpop+jwt', jwk: device.publicJwk };
  const none = `${Buffer.from(JSON.stringify(header)).toString('base64url')}.${payload}.`;
  await expect(verifier().verifyRequest(sent(none))).rejects.toMatchObject(refused);
});

test('an unbound token does not pass as a bound one', async () => {
  const plain = await issue();
  await expect(
    verifier().verifyRequest({ authorization: `DPoP ${plain}`, dpop: await prove() }),
  ).rejects.toMatchObject({ code: 'TOKEN_BINDING_REFUSED' });
});

test('a token that is bound to a certificate goes with that certificate alone', async () => {
  const x5tS256 = createHash('sha256').update('certificate').digest('base64url');
  const authorization = `Bearer ${await issue({ x5tS256 })}`;
  const shown = (clientCertificateThumbprint?: string) =>
    verifier().verifyRequest({ authorization, clientCertificateThumbprint });
  await expect(shown(x5tS256)).resolves.toMatchObject({ confirmation: { x5tS256 } });
  const other = createHash('sha256').update('another').digest('base64url');
  for (const thumbprint of [undefined, '', other]) {
    await expect(shown(thumbprint)).rejects.toMatchObject({ code: 'TOKEN_BINDING_REFUSED' });
  }
});
