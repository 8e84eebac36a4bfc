import { createHmac } from 'node:crypto';
import { createLocalJWKSet } from 'jose';
import { beforeAll, expect, test } from 'vitest';
import { createIdSource, fixedClock } from '@caregraph/clock';
import {
  createTokenIssuer,
  makeSigningKey,
  type SigningKey,
  type TokenSubject,
} from './issue-token.ts';
import { createTokenVerifier } from './verify-token.ts';

const start = new Date('2026-03-01T08:00:00Z');
const issuer = 'https://identity.test';
const audience = 'https://caregraph.test';
const clock = fixedClock(start);
const ids = createIdSource(clock);
const subject: TokenSubject = {
  id: ids.next(),
  roles: ['health_worker'],
  institutionId: ids.next(),
  areaRoots: [ids.next()],
  purposes: ['treatment'],
};
let key: SigningKey;
let otherKey: SigningKey;

beforeAll(async () => {
  key = await makeSigningKey();
  otherKey = await makeSigningKey();
});

const verifier = (revoked = new Set<string>(), at = clock) =>
  createTokenVerifier({
    issuer,
    audience,
    keys: createLocalJWKSet({ keys: [key.publicJwk] }),
    clock: at,
    revocations: { isRevoked: ({ tokenId }) => revoked.has(tokenId) },
  });
const issue = (over: Partial<Parameters<typeof createTokenIssuer>[0]> = {}, who = subject) =>
  createTokenIssuer({ key, issuer, audience, clientId: 'test', clock, ids, ...over }).issue(who);
const segments = (token: string) => token.split('.') as [string, string, string];
const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const decode = (text: string) => JSON.parse(Buffer.from(text, 'base64url').toString()) as object;

test('a good token gives its actor', async () => {
  const actor = await verifier().verify(await issue());
  expect(actor.id).toBe(subject.id);
  expect(actor.permissions.has('patient:read')).toBe(true);
  expect(actor.permissions.has('stock:write')).toBe(false);
});

test('a scope narrows the roles and never widens them', async () => {
  const token = await issue({}, { ...subject, scope: 'patient:read stock:write' });
  expect([...(await verifier().verify(token)).permissions]).toEqual(['patient:read']);
});

test('wrong issuer, audience, key, role and age are told apart', async () => {
  const refused = (token: string) => verifier().verify(token);
  await expect(refused(await issue({ issuer: 'https://evil.test' }))).rejects.toMatchObject({
    code: 'TOKEN_ISSUER_REFUSED',
  });
  await expect(refused(await issue({ audience: 'https://other.test' }))).rejects.toMatchObject({
    code: 'TOKEN_AUDIENCE_REFUSED',
  });
  await expect(refused(await issue({ key: otherKey }))).rejects.toMatchObject({
    code: 'TOKEN_SIGNATURE_INVALID',
  });
  await expect(
    refused(await issue({ key: { ...otherKey, keyId: key.keyId } })),
  ).rejects.toMatchObject({ code: 'TOKEN_SIGNATURE_INVALID' });
  const noInstitution = await issue({}, { ...subject, institutionId: 'everything' });
  await expect(refused(noInstitution)).rejects.toMatchObject({ code: 'TOKEN_CLAIMS_INVALID' });
});

test('an expired token is refused, also when it was verified before', async () => {
  const moving = fixedClock(start);
  const token = await issue();
  const subjectVerifier = verifier(new Set(), moving);
  await subjectVerifier.verify(token);
  moving.advance(11 * 60_000);
  await expect(subjectVerifier.verify(token)).rejects.toMatchObject({ code: 'TOKEN_EXPIRED' });
});

test('a token that was issued in the future is refused', async () => {
  const earlier = fixedClock(new Date(start.getTime() - 60_000));
  await expect(verifier(new Set(), earlier).verify(await issue())).rejects.toMatchObject({
    code: 'TOKEN_NOT_YET_VALID',
  });
});

test('a revoked token is refused at once, also when it was verified before', async () => {
  const revoked = new Set<string>();
  const token = await issue();
  const subjectVerifier = verifier(revoked);
  const actor = await subjectVerifier.verify(token);
  revoked.add(actor.tokenId);
  await expect(subjectVerifier.verify(token)).rejects.toMatchObject({ code: 'TOKEN_REVOKED' });
});

test('alg none and HS256 with the public key are refused', async () => {
  const [header, payload] = segments(await issue());
  const none = `${encode({ ...decode(header), alg: 'none' })}.${payload}.`;
  await expect(verifier().verify(none)).rejects.toMatchObject({ code: 'TOKEN_MALFORMED' });
  const confused = `${encode({ ...decode(header), alg: 'HS256' })}.${payload}`;
  const mac = createHmac('sha256', JSON.stringify(key.publicJwk))
    .update(confused)
    .digest('base64url');
  await expect(verifier().verify(`${confused}.${mac}`)).rejects.toMatchObject({
    code: 'TOKEN_ALGORITHM_REFUSED',
  });
});

test('another spelling of the same bytes is refused', async () => {
  const [header, payload, signature] = segments(await issue());
  for (const spelled of [
    `${header}.${payload}.${signature}=`,
    `${header}.${payload} .${signature}`,
    `${header}.${payload}.${signature}.`,
    `${header}.${payload}.${signature.slice(0, -1)}${signature.endsWith('A') ? 'B' : 'A'}`,
  ]) {
    await expect(verifier().verify(spelled)).rejects.toMatchObject({ name: 'Fault' });
  }
});

test.each([undefined, '', 'Bearer', 'Basic abc', 'Bearer a b'])('header %s', async (header) => {
  await expect(verifier().verifyRequest({ authorization: header })).rejects.toMatchObject({
    code: 'UNAUTHENTICATED',
  });
});

test('a token that outlives what is remembered of revocations is refused', async () => {
  const issuing = createTokenIssuer({ key, issuer, audience, clientId: 'test', clock, ids });
  await expect(verifier().verify(await issuing.issue(subject, 3_600))).resolves.toBeDefined();
  await expect(verifier().verify(await issuing.issue(subject, 3_601))).rejects.toMatchObject({
    code: 'TOKEN_CLAIMS_INVALID',
  });
});
