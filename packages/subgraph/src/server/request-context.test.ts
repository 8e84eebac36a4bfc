import { createLocalJWKSet } from 'jose';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  createBreakGlassAccess,
  createRevocationList,
  createRouterContextSigner,
  createTokenIssuer,
  createTokenVerifier,
  makeSigningKey,
  type BreakGlassAccess,
  type TokenSubject,
} from '@caregraph/access';
import { createIdSource, isUuidV7, systemClock as clock } from '@caregraph/clock';
import { createLogger } from '@caregraph/observability';
import { createRequestContext } from './request-context.ts';

const ids = createIdSource(clock);
const routerContextKey = new Uint8Array(32).fill(3);
const origin = { issuer: 'https://identity.test', audience: 'https://caregraph.test', clock };
let breakGlass: BreakGlassAccess;
let contextOf: (
  headers:
    Record<string, string | undefined> | ((token: string) => Record<string, string | undefined>),
  subject?: Partial<TokenSubject>,
) => ReturnType<typeof createRequestContext>;

beforeAll(async () => {
  const key = await makeSigningKey();
  const keys = createLocalJWKSet({ keys: [key.publicJwk] });
  const tokens = createTokenIssuer({ ...origin, key, clientId: 'test', documents: 'free', ids });
  const verifier = createTokenVerifier({ ...origin, keys });
  const revocations = createRevocationList(clock);
  breakGlass = createBreakGlassAccess({
    key,
    keys,
    clock,
    revocations,
    revoke: async (revocation) => revocations.add(revocation),
  });
  const log = createLogger({ service: 'test', level: 'silent' });
  contextOf = async (headers, over = {}) => {
    const token = await tokens.issue({
      id: ids.next(),
      roles: ['clinician'],
      institutionId: ids.next(),
      areaRoots: [],
      purposes: ['treatment', 'care_coordination'],
      ...over,
    });
    return createRequestContext(
      {
        authorization: `Bearer ${token}`,
        ...(typeof headers === 'function' ? headers(token) : headers),
      },
      { subgraph: 'test', verifier, routerContextKey, breakGlass, clock, ids, log },
    );
  };
});

test.each([undefined, '', 'Basic abc', 'Bearer '])(
  'authorization %j is refused',
  async (header) => {
    await expect(contextOf({ authorization: header })).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
    });
  },
);

test.each([undefined, ''])(
  'without a purpose (%j) the first of the token stands',
  async (stated) => {
    expect((await contextOf({ 'x-purpose': stated })).purpose).toBe('treatment');
  },
);

test('a purpose that the token allows is taken', async () => {
  const { purpose, audit } = await contextOf({ 'x-purpose': 'care_coordination' });
  expect(purpose).toBe('care_coordination');
  audit.saw('Note', ids.next());
  expect(audit.intent(['note'])?.data).toMatchObject({ purpose: 'care_coordination' });
});

test.each(['public_health', 'audit', 'curiosity', 'Treatment', 'treatment,audit'])(
  'the purpose %s is refused',
  async (stated) => {
    await expect(contextOf({ 'x-purpose': stated })).rejects.toMatchObject({
      code: 'PURPOSE_REFUSED',
    });
  },
);

test('the request id that the router vouches for is kept, and no other', async () => {
  const requestId = ids.next();
  const sign = createRouterContextSigner(routerContextKey, clock);
  const signed = (token: string) => ({ 'x-router-context': sign({ requestId }, token) });
  expect((await contextOf(signed)).requestId).toBe(requestId);
  await expect(
    contextOf(() => ({ 'x-router-context': sign({ requestId }, 'another token') })),
  ).rejects.toMatchObject({ code: 'ROUTER_CONTEXT_REFUSED' });
  const claimed = await contextOf({ 'x-request-id': requestId });
  expect(claimed.requestId).not.toBe(requestId);
});

test('who runs registered documents alone comes through the router', async () => {
  const registered = { documents: 'registered' } as const;
  await expect(contextOf({}, registered)).rejects.toMatchObject({
    code: 'DOCUMENT_NOT_REGISTERED',
  });
  const sign = createRouterContextSigner(routerContextKey, clock);
  const signed = (token: string) => ({
    'x-router-context': sign({ requestId: ids.next() }, token),
  });
  expect((await contextOf(signed, registered)).actor.documents).toBe('registered');
});

test.each([
  undefined,
  '',
  '1',
  '6f9619ff-8b86-4011-b42d-00c04fc964ff',
  '0190A6B0-0000-7000-8000-000000000000',
])('instead of the request id %j one is made', async (given) => {
  const { requestId } = await contextOf({ 'x-request-id': given });
  expect(requestId).not.toBe(given);
  expect(isUuidV7(requestId)).toBe(true);
});

describe('with a break-glass grant', () => {
  const id = ids.next();
  const patientId = ids.next();
  const nowS = Math.floor(clock.now().getTime() / 1_000);
  const grant = {
    grantId: ids.next(),
    actorId: id,
    patientId,
    purpose: 'care_coordination' as const,
    reason: 'TRANSFER_OF_CARE' as const,
    issuedAt: nowS,
    expiresAt: nowS + 600,
  };
  const header = async (over = {}) => ({
    'x-break-glass': await breakGlass.issuer?.sign({ ...grant, ...over }),
  });

  test('the one record is in scope, for the purpose that it was opened for', async () => {
    const { scope, breakGlass: opened, purpose } = await contextOf(await header(), { id });
    expect(scope.openedPatientIds).toEqual([patientId]);
    expect(opened).toEqual({ grantId: grant.grantId, patientId, reason: 'TRANSFER_OF_CARE' });
    expect(purpose).toBe('care_coordination');
    const headers = { ...(await header()), 'x-purpose': 'treatment' };
    await expect(contextOf(headers, { id })).rejects.toMatchObject({ code: 'PURPOSE_REFUSED' });
  });

  test('without one nothing is', async () => {
    const { scope, breakGlass: opened } = await contextOf({}, { id });
    expect([scope.openedPatientIds, opened]).toEqual([[], undefined]);
  });

  test('that does not hold, the request is refused', async () => {
    const refused = { code: 'BREAK_GLASS_REFUSED' };
    await expect(contextOf(await header())).rejects.toMatchObject(refused);
    await expect(contextOf({ 'x-break-glass': '' }, { id })).rejects.toMatchObject(refused);
    const over = await header({ issuedAt: nowS - 900, expiresAt: nowS - 1 });
    await expect(contextOf(over, { id })).rejects.toMatchObject(refused);
  });

  test('only what it opened is told to be opened by it', async () => {
    const { audit } = await contextOf(await header(), { id });
    audit.saw('Note', ids.next());
    expect(audit.intent(['note'])?.data).not.toHaveProperty('breakGlass');
    audit.saw('Note', patientId);
    expect(audit.intent(['note'])?.data).toMatchObject({ breakGlass: { grantId: grant.grantId } });
  });
});
