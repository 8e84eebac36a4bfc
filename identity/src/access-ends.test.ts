import { decodeJwt, decodeProtectedHeader } from 'jose';
import * as client from 'openid-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createRevocationList, createTokenVerifier } from '@caregraph/access';
import type { EventEnvelope } from '@caregraph/messaging';
import { createLogger } from '@caregraph/observability';
import { createRevocations } from './revocation/revocations.ts';
import { refreshOnce, signInToApp } from './test-app-session.ts';
import { audience, startTestIdentity, type TestIdentity } from './test-identity.ts';

const minuteMs = 60_000;
let one: TestIdentity;
beforeAll(async () => {
  one = await startTestIdentity();
});
afterAll(() => one.stop());

const ended = { error: 'invalid_grant' };
type Tokens = Awaited<ReturnType<typeof signInToApp>>['tokens'];

function event(type: EventEnvelope['type'], data: Record<string, unknown>): EventEnvelope {
  const time = one.clock.now().toISOString();
  const source = 'caregraph/institution';
  return { specversion: '1.0', id: one.ids.next(), type, source, subject: 'x', time, data };
}

/** What a verifier thinks of a token, with what identity has told so far. */
async function isVoid(accessToken: string): Promise<boolean> {
  const revocations = createRevocationList(one.clock);
  for (const revocation of one.told) revocations.add(revocation);
  const { issuer, clock } = one;
  const verifier = createTokenVerifier({
    ...{ issuer, audience, keys: one.identity.keys, clock, revocations },
  });
  return verifier.verify(accessToken).then(
    () => false,
    (error: unknown) => error instanceof Error && 'code' in error && error.code === 'TOKEN_REVOKED',
  );
}

describe('access ends', () => {
  test('with a dismissal, at once, and no token after it', async () => {
    const staffId = await one.addStaff();
    const session = await signInToApp(one, staffId);
    expect(await isVoid(session.tokens.access_token)).toBe(false);
    await one.identity.consumer.receive([
      event('org.caregraph.staff.changed.v1', { staffId, version: 2, dismissed: true }),
    ]);
    expect(await isVoid(session.tokens.access_token)).toBe(true);
    const late = refreshOnce(session, session.tokens.refresh_token);
    await expect(late).rejects.toMatchObject(ended);
    await expect(signInToApp(one, staffId)).rejects.toThrow();
  });

  test('of another role: the old token is void, the session goes on with the new role', async () => {
    const staffId = await one.addStaff('HEALTH_WORKER');
    const session = await signInToApp(one, staffId);
    one.institution.staff.set(staffId, { role: 'CLINICIAN', version: 2, dismissed: false });
    await one.identity.consumer.receive([
      event('org.caregraph.staff.changed.v1', { staffId, version: 2, dismissed: false }),
    ]);
    expect(await isVoid(session.tokens.access_token)).toBe(true);
    const next = await refreshOnce(session, session.tokens.refresh_token);
    expect(decodeJwt(next.access_token)['roles']).toEqual(['clinician']);
    expect(await isVoid(next.access_token)).toBe(false);
  });

  test('at any moment of a second: tokens of before are void, those of after are good', async () => {
    const staffId = await one.addStaff('HEALTH_WORKER');
    const session = await signInToApp(one, staffId);
    let { access_token, refresh_token } = session.tokens;
    for (let version = 2; version < 6; version += 1) {
      // Another part of the second each time.
      one.clock.advance(230);
      await one.identity.consumer.receive([
        event('org.caregraph.staff.changed.v1', { staffId, version, dismissed: false }),
      ]);
      one.institution.staff.set(staffId, { role: 'CLINICIAN', version, dismissed: false });
      expect(await isVoid(access_token)).toBe(true);
      const next = await refreshOnce(session, refresh_token);
      expect(await isVoid(next.access_token)).toBe(false);
      const again = await signInToApp(one, staffId);
      expect(await isVoid(again.tokens.access_token)).toBe(false);
      ({ access_token, refresh_token } = next);
    }
  });

  test('and with them a token whose request was under way', async () => {
    const staffId = await one.addStaff();
    const startedAt = one.clock.now();
    const subjects = [{ kind: 'subject', subject: staffId }] as const;
    const revocations = createRevocations({
      ...{ store: one.store, clock: one.clock, ids: one.ids },
      tell: () => Promise.resolve(),
      log: createLogger({ service: 'identity', level: 'silent' }),
    });
    const second = Math.floor(startedAt.getTime() / 1_000);
    expect(await revocations.issueSecond(startedAt, subjects)).toBe(second);
    // It is written, and nobody can see it yet.
    let commit = () => {};
    const written = Promise.withResolvers<undefined>();
    const committed = one.store.$transaction(async (tx) => {
      await revocations.record(tx, { kind: 'subject', subject: staffId, reason: 'test' });
      written.resolve(undefined);
      await new Promise<void>((resolve) => (commit = resolve));
    });
    await written.promise;
    const issued = revocations.issueSecond(startedAt, subjects);
    const early = await Promise.race([issued, new Promise((done) => setImmediate(done, 'waits'))]);
    expect(early).toBe('waits');
    commit();
    await committed;
    expect(await issued).toBeUndefined();
  });

  test.each(['LOST', 'SUSPENDED', 'RETIRED'])('with a device that is %s', async (state) => {
    const deviceId = one.ids.next();
    const { institutionId } = one.institution;
    one.institution.devices.set(deviceId, { state: 'ENROLLED', institutionId });
    const session = await signInToApp(one, await one.addStaff(), { device_id: deviceId });
    expect(decodeJwt(session.tokens.access_token)['device']).toBe(deviceId);
    const refreshed = await refreshOnce(session, session.tokens.refresh_token);
    expect(decodeJwt(refreshed.access_token)['device']).toBe(deviceId);
    await one.identity.consumer.receive([
      event('org.caregraph.device.changed.v1', { deviceId, version: 2, state }),
    ]);
    expect(await isVoid(refreshed.access_token)).toBe(true);
    const late = refreshOnce(session, refreshed.refresh_token);
    await expect(late).rejects.toMatchObject(ended);
  });

  test('with sign-out: the session and its access tokens', async () => {
    const session = await signInToApp(one, await one.addStaff());
    const { access_token, refresh_token } = session.tokens;
    await client.tokenRevocation(session.config, refresh_token ?? '');
    expect(await isVoid(access_token)).toBe(true);
    await expect(refreshOnce(session, refresh_token)).rejects.toMatchObject(ended);
  });

  test('with the revocation of an access token: that one alone (RFC 7009)', async () => {
    const session = await signInToApp(one, await one.addStaff());
    const { access_token, refresh_token } = session.tokens;
    await client.tokenRevocation(session.config, access_token);
    expect(await isVoid(access_token)).toBe(true);
    const next = await refreshOnce(session, refresh_token);
    expect(await isVoid(next.access_token)).toBe(false);
    const other = await one.discover('caregraph-cli');
    await client.tokenRevocation(other, next.access_token);
    expect(await isVoid(next.access_token)).toBe(false);
  });

  test.each([
    ['an ID token', (tokens: Tokens) => tokens.id_token ?? ''],
    [
      'a token with another signature',
      (tokens: Tokens) => `${tokens.access_token.slice(0, -8)}AAAAAAAA`,
    ],
    ['an opaque text', () => 'nothing'],
  ])('but not with %s, which is answered alike', async (_name, token) => {
    const { tokens } = await signInToApp(one, await one.addStaff());
    const told = one.told.length;
    const answer = await fetch(`${one.issuer}/token/revocation`, {
      method: 'POST',
      body: new URLSearchParams({ client_id: 'field-app', token: token(tokens) }),
    });
    expect([answer.status, await answer.text()]).toEqual([200, '']);
    expect(one.told).toHaveLength(told);
  });

  test('but not by a client whose token it is not', async () => {
    const session = await signInToApp(one, await one.addStaff());
    const other = await one.discover('caregraph-cli');
    await client.tokenRevocation(other, session.tokens.refresh_token ?? '');
    expect(await isVoid(session.tokens.access_token)).toBe(false);
    await refreshOnce(session, session.tokens.refresh_token);
  });
});

describe('a device', () => {
  test.each([
    ['of another institution', { state: 'ENROLLED', institutionId: crypto.randomUUID() }],
    ['that is lost', { state: 'LOST', institutionId: undefined }],
    ['that nobody enrolled', undefined],
  ])('%s signs nobody in', async (_name, device) => {
    const deviceId = one.ids.next();
    const { institutionId } = one.institution;
    if (device) one.institution.devices.set(deviceId, { institutionId, ...dropUndefined(device) });
    const attempt = signInToApp(one, await one.addStaff(), { device_id: deviceId });
    await expect(attempt).rejects.toMatchObject({ error: 'access_denied' });
  });
});

function dropUndefined(device: { state: string; institutionId: string | undefined }) {
  const { state, institutionId } = device;
  return institutionId === undefined ? { state } : { state, institutionId };
}

describe('while the institution subgraph is away', () => {
  test('known staff go on for 15 minutes, then it is "try again", never "you may not"', async () => {
    const session = await signInToApp(one, await one.addStaff());
    one.institution.away = true;
    one.clock.advance(10 * minuteMs);
    const { refresh_token } = await refreshOnce(session, session.tokens.refresh_token);
    one.clock.advance(6 * minuteMs);
    const late: unknown = await refreshOnce(session, refresh_token).catch(
      (error: unknown) => error,
    );
    one.institution.away = false;
    const answer = late instanceof Error ? late.cause : undefined;
    if (!(answer instanceof Response)) throw new Error('it was not refused by the server');
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({ error: 'temporarily_unavailable' });
    expect((await refreshOnce(session, refresh_token)).refresh_token).toMatch(/^cgr_/);
  });
});

test('signing keys rotate without a failed request', { timeout: 60_000 }, async () => {
  // At the moment each token is of: the clock leaps while it is on its way.
  const verifyAt = (iat = 0) =>
    createTokenVerifier({
      ...{ issuer: one.issuer, audience, keys: one.identity.keys },
      clock: { now: () => new Date(iat * 1_000) },
    });
  const kids = new Set<unknown>();
  let stopped = false;
  let done = 0;
  const work = async () => {
    const session = await signInToApp(one, await one.addStaff());
    let token = session.tokens.refresh_token;
    while (!stopped) {
      const answer = await refreshOnce(session, token);
      token = answer.refresh_token;
      kids.add(decodeProtectedHeader(answer.access_token).kid);
      const { iat } = decodeJwt(answer.access_token);
      await verifyAt(iat).verify(answer.access_token);
      done += 1;
    }
  };
  const workers = Promise.all([work(), work(), work()]);
  const reached = async (count: number) => {
    const deadline = Date.now() + 20_000;
    while (done < count && Date.now() < deadline) await new Promise((next) => setImmediate(next));
    expect(done).toBeGreaterThanOrEqual(count);
  };
  await reached(20);
  await one.identity.rotateKeys();
  const published = await (await fetch(`${one.issuer}/jwks`)).text();
  expect(JSON.parse(published)).toMatchObject({ keys: [{}, {}] });
  expect(published).not.toContain('"d"');
  await reached(done + 20);
  expect(kids.size).toBe(1);
  one.clock.advance(21 * minuteMs);
  await one.identity.rotateKeys();
  await reached(done + 40);
  stopped = true;
  await workers;
  expect(kids.size).toBe(2);
});
