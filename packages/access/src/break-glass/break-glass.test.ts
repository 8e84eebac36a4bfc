import { createHmac } from 'node:crypto';
import { SignJWT, createLocalJWKSet, importJWK } from 'jose';
import { beforeAll, expect, test } from 'vitest';
import { createIdSource, fixedClock } from '@caregraph/clock';
import { actorFromClaims, type Actor } from '../actor.ts';
import { makeSigningKey, type SigningKey } from '../token/issue-token.ts';
import type { BreakGlassGrant } from './break-glass-grant.ts';
import { createBreakGlassIssuer } from './issue-grant.ts';
import { createBreakGlassVerifier, type GrantRefusal } from './verify-grant.ts';

const start = new Date('2026-03-01T08:00:00Z');
const startS = start.getTime() / 1_000;
const ids = createIdSource(fixedClock(start));
const actorId = ids.next();
const grant: BreakGlassGrant = {
  grantId: ids.next(),
  actorId,
  patientId: ids.next(),
  purpose: 'treatment',
  reason: 'EMERGENCY',
  issuedAt: startS,
  expiresAt: startS + 1_800,
};

function actorOf(over: Partial<Parameters<typeof actorFromClaims>[0]> = {}): Actor {
  return actorFromClaims({
    sub: actorId,
    client_id: 'ward-app',
    jti: ids.next(),
    iat: startS,
    exp: startS + 600,
    roles: ['clinician'],
    institution: ids.next(),
    areas: [],
    purposes: ['treatment'],
    ...over,
  });
}

let key: SigningKey;
let otherKey: SigningKey;
beforeAll(async () => {
  [key, otherKey] = await Promise.all([makeSigningKey(), makeSigningKey()]);
});

const sign = (over: Partial<BreakGlassGrant> = {}, by = key) =>
  createBreakGlassIssuer({ key: by }).sign({ ...grant, ...over });
const verify = (text: string, actor = actorOf(), at = start, closed: string[] = []) =>
  createBreakGlassVerifier({
    keys: createLocalJWKSet({ keys: [key.publicJwk] }),
    clock: fixedClock(at),
    isClosed: ({ grantId }) => closed.includes(grantId),
  }).verify(text, actor);
const refusal = (work: Promise<unknown>) =>
  work.then(
    () => 'accepted',
    (error: { code?: string; details?: { reason?: GrantRefusal } }) =>
      error.code === 'BREAK_GLASS_REFUSED' ? error.details?.reason : String(error),
  );
const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const decode = (text: string) => JSON.parse(Buffer.from(text, 'base64url').toString()) as object;

async function signRaw(claims: Record<string, unknown>, header: object = {}): Promise<string> {
  const { patientId: patient, purpose, reason, grantId: jti } = grant;
  const iss = 'caregraph/patient';
  const times = { iat: grant.issuedAt, exp: grant.expiresAt };
  return new SignJWT({ iss, sub: actorId, jti, patient, purpose, reason, ...times, ...claims })
    .setProtectedHeader({ alg: 'ES256', typ: 'break-glass+jwt', kid: key.keyId, ...header })
    .sign(await importJWK(key.privateJwk, 'ES256'));
}

test('a good grant says what it opens', async () => {
  expect(await verify(await sign())).toEqual(grant);
});

test('a grant of somebody else, or of who may not break the glass now, is refused', async () => {
  const text = await sign();
  expect(await refusal(verify(text, actorOf({ sub: ids.next() })))).toBe('OTHER_ACTOR');
  expect(await refusal(verify(text, actorOf({ roles: ['health_worker'] })))).toBe('PERMISSION');
  expect(await refusal(verify(text, actorOf({ scope: 'patient:read' })))).toBe('PERMISSION');
  expect(await refusal(verify(text, actorOf({ purposes: ['care_coordination'] })))).toBe('PURPOSE');
});

test('a grant ends to the second, and is not valid before its time', async () => {
  const text = await sign();
  const at = (seconds: number) => new Date(start.getTime() + seconds * 1_000);
  expect(await refusal(verify(text, actorOf(), at(1_799)))).toBe('accepted');
  expect(await refusal(verify(text, actorOf(), at(1_800)))).toBe('EXPIRED');
  expect(await refusal(verify(text, actorOf(), at(-31)))).toBe('NOT_YET_VALID');
});

test('a closed grant is refused', async () => {
  expect(await refusal(verify(await sign(), actorOf(), start, [grant.grantId]))).toBe('CLOSED');
});

test('a grant is never made nor taken for longer than an hour', async () => {
  await expect(sign({ expiresAt: startS + 3_601 })).rejects.toThrow(RangeError);
  await expect(sign({ expiresAt: startS })).rejects.toThrow(RangeError);
  expect(await refusal(verify(await signRaw({ exp: startS + 3_601 })))).toBe('CLAIMS');
});

const wrongClaims: [string, Record<string, unknown>][] = [
  ['another issuer', { iss: 'caregraph/clinical' }],
  ['a list of patients', { patient: [grant.patientId] }],
  ['no patient', { patient: undefined }],
  ['a reason of its own', { reason: 'CURIOUS' }],
  ['a claim nobody knows', { except: 'notes' }],
  ['no expiry', { exp: undefined }],
  ['no issue time', { iat: undefined }],
  ['no id', { jti: undefined }],
];
test.each(wrongClaims)('%s is refused', async (_what, claims) => {
  expect(await refusal(verify(await signRaw(claims)))).toBe('CLAIMS');
});

test('an access token is no grant', async () => {
  expect(await refusal(verify(await signRaw({}, { typ: 'at+jwt' })))).toBe('CLAIMS');
});

test('another key, an altered claim, none and HS256 with the public key are refused', async () => {
  expect(await refusal(verify(await sign({}, otherKey)))).toBe('SIGNATURE');
  const posing = { ...otherKey, keyId: key.keyId };
  expect(await refusal(verify(await sign({}, posing)))).toBe('SIGNATURE');
  const [header = '', payload = '', signature = ''] = (await sign()).split('.');
  const altered = encode({ ...decode(payload), patient: ids.next() });
  expect(await refusal(verify(`${header}.${altered}.${signature}`))).toBe('SIGNATURE');
  const none = `${encode({ ...decode(header), alg: 'none' })}.${payload}.`;
  expect(await refusal(verify(none))).toBe('MALFORMED');
  const confused = `${encode({ ...decode(header), alg: 'HS256' })}.${payload}`;
  const secret = JSON.stringify(key.publicJwk);
  const mac = createHmac('sha256', secret).update(confused).digest('base64url');
  expect(await refusal(verify(`${confused}.${mac}`))).toBe('SIGNATURE');
});

test.each(['', 'x', 'a.b', 'a.b.c', 'a.b.c.d', 'A'.repeat(3_000)])(
  '%j is no grant',
  async (text) => {
    expect(await refusal(verify(text))).toBe('MALFORMED');
  },
);

test('another spelling of the same bytes is refused', async () => {
  const text = await sign();
  for (const spelled of [`${text}=`, ` ${text}`, text.replace('.', ' .'), `${text}.`]) {
    expect(await refusal(verify(spelled))).toBe('MALFORMED');
  }
});
