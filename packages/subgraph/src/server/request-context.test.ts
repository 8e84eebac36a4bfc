import { createLocalJWKSet } from 'jose';
import { beforeAll, expect, test } from 'vitest';
import {
  createTokenIssuer,
  createTokenVerifier,
  makeSigningKey,
  type TokenSubject,
} from '@caregraph/access';
import { createIdSource, isUuidV7, systemClock as clock } from '@caregraph/clock';
import { createLogger } from '@caregraph/observability';
import { createRequestContext } from './request-context.ts';

const ids = createIdSource(clock);
const origin = { issuer: 'https://identity.test', audience: 'https://caregraph.test', clock };
let contextOf: (
  headers: Record<string, string | undefined>,
  subject?: Partial<TokenSubject>,
) => ReturnType<typeof createRequestContext>;

beforeAll(async () => {
  const key = await makeSigningKey();
  const keys = createLocalJWKSet({ keys: [key.publicJwk] });
  const tokens = createTokenIssuer({ ...origin, key, clientId: 'test', ids });
  const verifier = createTokenVerifier({ ...origin, keys });
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
      { authorization: `Bearer ${token}`, ...headers },
      { subgraph: 'test', verifier, clock, ids, log },
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

test('the request id of the router is kept', async () => {
  const requestId = ids.next();
  expect((await contextOf({ 'x-request-id': requestId })).requestId).toBe(requestId);
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
