import { Agent, request } from 'node:https';
import { once } from 'node:events';
import { SignJWT, decodeJwt, decodeProtectedHeader, exportJWK, generateKeyPair } from 'jose';
import * as client from 'openid-client';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createRedisRevocationFeed, createRevocationList } from '@caregraph/access';
import { systemClock as clock } from '@caregraph/clock';
import { storeNames } from '@caregraph/database';
import { createLogger } from '@caregraph/observability';
import { startRedis, type Service } from '@caregraph/testbed';
import { makeCertificate, type Certificate } from '@caregraph/testbed/network';
import { createFormClient } from '../../identity/src/sign-in/test-form-client.ts';
import { startFullProfile, type FullProfile } from './test-full-profile.ts';
import { actorOf, writing } from './test-stack.ts';

/** Who gets in, and who no longer does, when every part is a process of its own. */

let full: FullProfile;
let admin: ReturnType<typeof actorOf>;
const { operation, newId } = writing();
const services: Service[] = [];
beforeAll(async () => {
  full = await startFullProfile();
  admin = actorOf(full.people, 'institution-admin');
});
afterAll(async () => {
  await full.stop();
  await Promise.all(services.map((one) => one.stop()));
});

const routers = ['router', 'tls-router'] as const;
/** Long enough for a busy machine; what is polled mostly holds at the first look. */
const soon = { timeout: 5_000, interval: 50 };
const document = '{ institutions(first: 1) { edges { cursor } } }';

interface Answered {
  readonly status: number;
  readonly codes: readonly string[];
}

async function post(url: string, headers: Record<string, string>, query = document) {
  const answer = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query }),
  });
  return answeredBy(answer.status, await answer.json());
}

function answeredBy(status: number, body: unknown): Answered {
  const { errors = [] } = body as {
    errors?: { extensions: { code: string; reason?: string } }[];
  };
  return { status, codes: errors.map(({ extensions: { code, reason } }) => reason ?? code) };
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const fine: Answered = { status: 200, codes: [] };

const readyAt = async (name: (typeof routers)[number] | (typeof storeNames)[number]) =>
  (await (await fetch(`${full.urlOf(name)}/ready`)).json()) as Record<string, unknown>;

/** A person with a password, and the field app that they signed in to with it. */
async function signIn(staffId: string) {
  const { accounts } = full.operator.identity;
  const username = `person-${staffId.slice(-8)}`;
  const person = { staffId, username, hasSecondFactor: false };
  const credentials = await accounts?.addDemoAccount(person);
  const config = await client.discovery(
    new URL(full.issuer),
    'field-app',
    undefined,
    client.None(),
  );
  const verifier = client.randomPKCECodeVerifier();
  const start = client.buildAuthorizationUrl(config, {
    redirect_uri: 'org.caregraph.app:/signed-in',
    scope: 'openid',
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  });
  const browser = createFormClient(full.urlOf('identity'));
  const page = await browser.get((await browser.get(start.href)).location);
  const done = await browser.submit(page, {
    ...{ username, password: credentials?.password ?? '' },
  });
  expect([page.status, done.status, done.text]).toEqual([200, 303, '']);
  const back = await browser.get(done.location);
  const keys = await client.randomDPoPKeyPair('ES256', { extractable: true });
  const DPoP = client.getDPoPHandle(config, keys);
  const check = { pkceCodeVerifier: verifier };
  const tokens = await client.authorizationCodeGrant(
    config,
    new URL(back.location),
    check,
    {},
    { DPoP },
  );
  const refresh = (token: string | undefined) =>
    client.refreshTokenGrant(config, token ?? '', {}, { DPoP });
  return { tokens, refresh, keys };
}

/** A proof of a request with a token (RFC 9449 §4.2). */
async function proofOf(token: string, keys: client.CryptoKeyPair): Promise<string> {
  const jwk = await exportJWK(keys.publicKey);
  const bytes = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(token));
  const ath = Buffer.from(bytes).toString('base64url');
  const claims = { htm: 'POST', htu: full.graphUrl, jti: newId(), ath };
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk })
    .setIssuedAt()
    .sign(keys.privateKey);
}

const registeredOnly = { status: 400, codes: ['TEXT_REFUSED'] };

describe('a partner by mutual TLS', () => {
  const shown = (one: Certificate) => ({ cert: one.cert, key: one.key });
  async function overTls(url: string, options: object, body: string) {
    const agent = new Agent({ keepAlive: false });
    const sent = request(url, { method: 'POST', agent, ...options });
    sent.end(body);
    const [answer] = (await once(sent, 'response')) as [
      AsyncIterable<Buffer> & { statusCode: number },
    ];
    let text = '';
    for await (const chunk of answer) text += chunk.toString();
    return { status: answer.statusCode, body: JSON.parse(text) as Record<string, unknown> };
  }

  test('gets a token at identity that is good at a router with its certificate alone', async () => {
    const partnerId = actorOf(full.people, 'partner').staffId;
    const { publicKey } = await generateKeyPair('ES256');
    await full.operator.identity.partnerKeys.register({
      ...{ partnerId, authMethod: 'tls_client_auth', scope: ['patient:read'] },
      jwks: { keys: [{ ...(await exportJWK(publicKey)), kid: 'unused' }] },
      certificateSubject: 'CN=laboratory',
      // What it takes is checked by the function itself.
    } as Parameters<typeof full.operator.identity.partnerKeys.register>[0]);
    const own = await makeCertificate('laboratory', { by: full.authority });
    const other = await makeCertificate('laboratory', { by: full.authority });
    const form = new URLSearchParams({ grant_type: 'client_credentials', client_id: partnerId });
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const url = `${full.issuer}/token`;
    expect((await overTls(url, { headers }, form.toString())).status).toBe(401);
    const granted = await overTls(url, { headers, ...shown(own) }, form.toString());
    expect(granted.status).toBe(200);
    const token = String(granted.body['access_token']);
    expect(decodeJwt(token)['cnf']).toEqual({ 'x5t#S256': own.thumbprint });

    const ask = async (certificate: object) => {
      const asking = { 'content-type': 'application/json', ...bearer(token) };
      const at = `${full.urlOf('tls-router')}/graphql`;
      const body = JSON.stringify({ query: document });
      const answer = await overTls(at, { headers: asking, ...certificate }, body);
      return answeredBy(answer.status, answer.body);
    };
    // It got in: partners run registered documents alone, which is what it is told.
    expect(await ask(shown(own))).toMatchObject(registeredOnly);
    for (const one of [shown(other), {}]) expect(await ask(one)).toMatchObject({ status: 401 });
    expect(await post(full.urlOf('router'), bearer(token))).toMatchObject({ status: 401 });
  });
});

test('a proof that one router took, the other refuses', async () => {
  const { tokens, keys } = await signIn(actorOf(full.people, 'health-worker-1').staffId);
  const token = tokens.access_token;
  const authorization = `DPoP ${token}`;
  const dpop = await proofOf(token, keys);
  expect(await post(full.urlOf('router'), { authorization, dpop })).toMatchObject(registeredOnly);
  const replayed = await post(full.urlOf('tls-router'), { authorization, dpop });
  expect(replayed).toEqual({ status: 401, codes: ['DPOP_PROOF_INVALID'] });
  const fresh = { authorization, dpop: await proofOf(token, keys) };
  expect(await post(full.urlOf('tls-router'), fresh)).toMatchObject(registeredOnly);
  expect(await post(full.urlOf('router'), bearer(token))).toMatchObject({ status: 401 });
});

test('two routers count rates together, to the last request', async () => {
  const headers = bearer(await full.token('hospital-clinician-1'));
  const query = '{ patientByIdentifier(type: CARD, value: "none") { id } }';
  const counted = async (name: (typeof routers)[number]) => (await readyAt(name))['limits'];
  for (const name of routers) await expect.poll(() => counted(name), soon).toBe('redis');
  const answers = await Promise.all(
    Array.from({ length: 80 }, (_, at) =>
      post(full.urlOf(at % 2 === 0 ? 'router' : 'tls-router'), headers, query),
    ),
  );
  expect(answers.filter(({ codes }) => codes.length === 0)).toHaveLength(60);
  expect(answers.filter(({ codes }) => codes.includes('RATE_LIMITED'))).toHaveLength(20);
});

/** What each process that verifies tokens says of one. */
function everywhere(token: string): Promise<readonly string[]> {
  return Promise.all(
    [...routers, ...storeNames].map(async (name) => {
      const { codes } = await post(full.urlOf(name), bearer(token), '{ __typename }');
      return codes.includes('TOKEN_REVOKED') ? 'refused' : 'taken';
    }),
  );
}
const all = (what: string) => [...routers, ...storeNames].map(() => what);

async function write(mutation: string, type: string, input: object): Promise<void> {
  const text = `mutation ($operation: OperationInput!, $input: ${type}!) {
    receipt: ${mutation}(operation: $operation, input: $input) { verdict problems { code field } }
  }`;
  const variables = { operation: operation(), input };
  const { data, errors } = await full.ask('institution-admin', text, variables);
  expect([errors, data?.['receipt']]).toEqual([[], { verdict: 'APPLIED', problems: [] }]);
}

const colleagues = () =>
  full.people.filter(
    (one) => one.institutionId === admin.institutionId && one.staffId !== admin.staffId,
  );
/** Dismisses somebody of the administrator's institution, whom no other test needs. */
async function dismiss(at: number): Promise<{ staffId: string; token: string }> {
  const person = colleagues().at(at);
  if (!person) throw new Error('the institution has too few people');
  const token = await full.token(person.key);
  expect(await everywhere(token)).toEqual(all('taken'));
  await write('dismissStaff', 'DismissStaffInput', { id: person.staffId });
  return { staffId: person.staffId, token };
}

describe('what is revoked is refused by every process', () => {
  test('a dismissed person', async () => {
    const { token } = await dismiss(-1);
    await expect.poll(() => everywhere(token), soon).toEqual(all('refused'));
  });

  test('a lost device', async () => {
    const id = newId();
    const { institutionId } = admin;
    await write('enrolDevice', 'EnrolDeviceInput', { id, label: 'Tablet', institutionId });
    const token = await full.token('health-worker-2', { deviceId: id });
    expect(await everywhere(token)).toEqual(all('taken'));
    await write('changeDeviceState', 'ChangeDeviceStateInput', { id, state: 'LOST' });
    await expect.poll(() => everywhere(token), soon).toEqual(all('refused'));
    expect(await everywhere(await full.token('health-worker-2'))).toEqual(all('taken'));
  });
});

/** Asks both routers again and again until it is told to stop. */
function keepAsking(tokenOf: () => Promise<string>) {
  const failures: Answered[] = [];
  const keyIds = new Set<string>();
  let stopping = false;
  const run = async (name: (typeof routers)[number]) => {
    while (!stopping) {
      const token = await tokenOf();
      keyIds.add(decodeProtectedHeader(token).kid ?? '');
      const answer = await post(full.urlOf(name), bearer(token));
      if (answer.status !== 200 || answer.codes.length > 0) failures.push(answer);
    }
  };
  const running = Promise.all(routers.map(run));
  return {
    failures,
    keyIds,
    async stop() {
      stopping = true;
      await running;
    },
  };
}

test('a signing key is replaced while requests run, and none fails', async () => {
  const old = await full.token('supervisor-1');
  let tokenOf = () => Promise.resolve(old);
  const asking = keepAsking(() => tokenOf());
  await full.operator.identity.rotateKeys();
  // The process publishes what it reads; every verifier knows the key before it signs.
  full.processOf('identity').kill('SIGTERM');
  expect(await full.processOf('identity').ended).toBe(0);
  await full.start('identity');
  // Between a key's publication and its first signature lie 20 minutes, which are pretended here.
  await full.query(
    'identity',
    `UPDATE signing_key SET created_at = created_at - interval '21 minutes' WHERE state = 'NEXT'`,
  );
  await full.operator.identity.rotateKeys();
  // A verifier fetches keys at most every five seconds, so in place of the 20 minutes a token of
  // the new key is shown until each has it; people's tokens are signed with it from then on.
  const probe = await full.token('supervisor-1');
  const answers = () => Promise.all(routers.map((name) => post(full.urlOf(name), bearer(probe))));
  await expect.poll(answers, { ...soon, timeout: 20_000 }).toEqual(routers.map(() => fine));
  tokenOf = () => full.token('supervisor-1');
  await expect.poll(() => asking.keyIds.size, soon).toBe(2);
  for (const name of routers) expect(await post(full.urlOf(name), bearer(old))).toEqual(fine);
  await asking.stop();
  expect(asking.failures).toEqual([]);
});

test('identity is killed: people go on, and their refresh tokens are good when it is back', async () => {
  const { tokens, refresh } = await signIn(actorOf(full.people, 'health-worker-2').staffId);
  const turned = await refresh(tokens.refresh_token);
  full.processOf('identity').kill('SIGKILL');
  await full.processOf('identity').ended;
  await expect(refresh(turned.refresh_token)).rejects.toThrow();
  const token = await full.token('supervisor-1');
  for (const name of routers) expect(await post(full.urlOf(name), bearer(token))).toEqual(fine);
  await full.start('identity');
  const again = await refresh(turned.refresh_token);
  full.processOf('identity').kill('SIGTERM');
  expect(await full.processOf('identity').ended).toBe(0);
  await full.start('identity');
  expect((await refresh(again.refresh_token)).access_token).toMatch(/^ey/);
});

describe('Redis is killed', () => {
  const states = () =>
    Promise.all(
      [...routers, ...storeNames].map(async (name) => (await readyAt(name))['revocations']),
    );
  let gone: { staffId: string; token: string };

  test('requests go on, and every process says what it does without', async () => {
    expect(await states()).toEqual(all('current'));
    await full.redis.cut();
    const token = await full.token('supervisor-1');
    for (const name of routers) expect(await post(full.urlOf(name), bearer(token))).toEqual(fine);
    await expect.poll(states, { ...soon, timeout: 20_000 }).toEqual(all('behind'));
    for (const name of routers) {
      const answer = await fetch(`${full.urlOf(name)}/ready`);
      expect(answer.status).toBe(200);
      expect(await answer.json()).toMatchObject({ limits: 'local', ready: true });
    }
    gone = await dismiss(-2);
    await full.settle();
    expect(await everywhere(gone.token)).toEqual(all('taken'));
  });

  test('another one takes its place, empty, and is told everything', async () => {
    const next = await startRedis();
    services.push(next);
    await full.redis.leadTo(next.url);
    await expect
      .poll(() => everywhere(gone.token), { ...soon, timeout: 20_000 })
      .toEqual(all('refused'));
    await expect.poll(states, soon).toEqual(all('current'));
    // Also what the first Redis had been told: whoever starts now must hear of it.
    const redis = new Redis(next.url);
    const told = createRevocationList(clock);
    const log = createLogger({ service: 'test', level: 'silent' });
    const feed = createRedisRevocationFeed({ redis, list: told, clock, log });
    await feed.start();
    const ended = await full.query(
      'identity',
      `SELECT subject FROM revocation WHERE kind = 'subject'`,
    );
    expect(ended.length).toBeGreaterThanOrEqual(2);
    const issuedAt = Math.floor(clock.now().getTime() / 1_000) - 60;
    const knows = (subject: unknown) =>
      told.isRevoked({ id: String(subject), issuedAt } as Parameters<typeof told.isRevoked>[0]);
    await expect
      .poll(() => ended.map(({ subject }) => knows(subject)), soon)
      .toEqual(ended.map(() => true));
    await feed.stop();
    redis.disconnect();
  });
});
