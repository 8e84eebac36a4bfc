import { decodeJwt } from 'jose';
import * as client from 'openid-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { accessTokenClaims, actorFromClaims } from '@caregraph/access';
import { signInToApp, refreshOnce, type AppSession } from '../test-app-session.ts';
import { startTestIdentity, type TestIdentity } from '../test-identity.ts';

const dayMs = 24 * 3_600_000;
let one: TestIdentity;
beforeAll(async () => {
  one = await startTestIdentity();
});
afterAll(() => one.stop());

let session: AppSession;
async function fresh(): Promise<AppSession> {
  session = await signInToApp(one, await one.addStaff());
  return session;
}

const refused = { error: 'invalid_grant' };
const familyOf = (token: string) =>
  one.store.refreshFamily.findUniqueOrThrow({ where: { id: sidOf(token) } });

function sidOf(accessToken: string): string {
  const payload = accessToken.split('.')[1] ?? '';
  const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString());
  if (typeof claims !== 'object' || claims === null || !('sid' in claims)) return '';
  return String(claims.sid);
}

/** What verifiers make of a token. */
const permissionsIn = (accessToken: string) => [
  ...actorFromClaims(accessTokenClaims.parse(decodeJwt(accessToken))).permissions,
];

describe('the refresh grant', () => {
  test('a token gives a new pair of the same session, and its successor works', async () => {
    const { tokens } = await fresh();
    const second = await refreshOnce(session, tokens.refresh_token);
    expect(second.refresh_token).not.toBe(tokens.refresh_token);
    expect(sidOf(second.access_token)).toBe(sidOf(tokens.access_token));
    expect(second.token_type).toBe('dpop');
    const third = await refreshOnce(session, second.refresh_token);
    expect(third.refresh_token).toMatch(/^cgr_/);
  });

  test('after a lost answer the same token works again, also a day later', async () => {
    const { tokens } = await fresh();
    await refreshOnce(session, tokens.refresh_token);
    one.clock.advance(dayMs);
    const again = await refreshOnce(session, tokens.refresh_token);
    expect((await refreshOnce(session, again.refresh_token)).refresh_token).toMatch(/^cgr_/);
  });

  test('the retry voids the unused successor; a voided token ends the family', async () => {
    const { tokens } = await fresh();
    const lost = await refreshOnce(session, tokens.refresh_token);
    const again = await refreshOnce(session, tokens.refresh_token);
    await expect(refreshOnce(session, lost.refresh_token)).rejects.toMatchObject(refused);
    await expect(refreshOnce(session, again.refresh_token)).rejects.toMatchObject(refused);
    const sid = sidOf(tokens.access_token);
    expect(one.told).toContainEqual(expect.objectContaining({ kind: 'session', id: sid }));
  });

  test('once the successor was used the one before is old, and ends the family', async () => {
    const { tokens } = await fresh();
    const second = await refreshOnce(session, tokens.refresh_token);
    const third = await refreshOnce(session, second.refresh_token);
    await expect(refreshOnce(session, tokens.refresh_token)).rejects.toMatchObject(refused);
    await expect(refreshOnce(session, third.refresh_token)).rejects.toMatchObject(refused);
    expect((await familyOf(third.access_token)).revokedBecause).toBe('reuse');
  });

  test('a copy is worth nothing without the key, and its use harms nobody', async () => {
    const { tokens, config } = await fresh();
    const other = client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256'));
    const thief = { ...session, handle: other };
    await expect(refreshOnce(thief, tokens.refresh_token)).rejects.toMatchObject(refused);
    await expect(
      client.refreshTokenGrant(config, tokens.refresh_token ?? ''),
    ).rejects.toMatchObject(refused);
    expect((await refreshOnce(session, tokens.refresh_token)).refresh_token).toMatch(/^cgr_/);
  });

  test('another client cannot use it', async () => {
    const { tokens } = await fresh();
    const config = await one.discover('caregraph-cli');
    await expect(refreshOnce({ ...session, config }, tokens.refresh_token)).rejects.toMatchObject(
      refused,
    );
  });

  test('a token that was made up names no family and ends none', async () => {
    const { tokens } = await fresh();
    const sid = sidOf(tokens.access_token).replaceAll('-', '');
    const forged = Buffer.concat([Buffer.from(sid, 'hex'), Buffer.alloc(48, 1)]);
    const token = `cgr_${forged.toString('base64url')}`;
    await expect(refreshOnce(session, token)).rejects.toMatchObject(refused);
    expect((await refreshOnce(session, tokens.refresh_token)).refresh_token).toMatch(/^cgr_/);
  });

  test('an unused family ends after 90 days, a used one after 400', async () => {
    const idle = await signInToApp(one, await one.addStaff());
    one.clock.advance(91 * dayMs);
    await expect(refreshOnce(idle, idle.tokens.refresh_token)).rejects.toMatchObject(refused);
    const used = await signInToApp(one, await one.addStaff());
    let token = used.tokens.refresh_token;
    for (let season = 0; season < 4; season += 1) {
      one.clock.advance(89 * dayMs);
      token = (await refreshOnce(used, token)).refresh_token;
    }
    one.clock.advance(60 * dayMs);
    await expect(refreshOnce(used, token)).rejects.toMatchObject(refused);
  });

  test('a scope narrows one access token and cannot grow', async () => {
    const narrow = await signInToApp(one, await one.addStaff(), {
      scope: 'openid patient:read clinical:read',
    });
    const handle = { DPoP: narrow.handle };
    const token = narrow.tokens.refresh_token ?? '';
    await expect(
      client.refreshTokenGrant(narrow.config, token, { scope: 'stock:write' }, handle),
    ).rejects.toMatchObject({ error: 'invalid_scope' });
    const less = await client.refreshTokenGrant(
      narrow.config,
      token,
      { scope: 'patient:read' },
      handle,
    );
    expect(less.scope).toBe('patient:read');
  });

  test('less than a narrowed scope is never the whole role', async () => {
    const narrow = await signInToApp(one, await one.addStaff(), { scope: 'openid patient:read' });
    const handle = { DPoP: narrow.handle };
    const token = narrow.tokens.refresh_token ?? '';
    expect(permissionsIn(narrow.tokens.access_token)).toEqual(['patient:read']);
    await expect(
      client.refreshTokenGrant(narrow.config, token, { scope: 'openid' }, handle),
    ).rejects.toMatchObject({ error: 'invalid_scope' });
    const same = await refreshOnce(narrow, token);
    expect(permissionsIn(same.access_token)).toEqual(['patient:read']);
    const whole = await fresh();
    const all = permissionsIn(whole.tokens.access_token);
    expect(all.length).toBeGreaterThan(1);
    const asked = { scope: 'openid' };
    const next = await client.refreshTokenGrant(
      ...([whole.config, whole.tokens.refresh_token ?? '', asked] as const),
      { DPoP: whole.handle },
    );
    expect(permissionsIn(next.access_token)).toEqual(all);
  });
});

test(
  '1,000 concurrent refreshes of one token leave one live token',
  { timeout: 120_000 },
  async () => {
    const { tokens } = await fresh();
    const sent = Array.from({ length: 1_000 }, () => refreshOnce(session, tokens.refresh_token));
    const answers = await Promise.all(sent);
    expect(new Set(answers.map((answer) => answer.refresh_token)).size).toBe(1_000);
    const { currentHash, revokedAt } = await familyOf(tokens.access_token);
    expect(revokedAt).toBeNull();
    const { hashToken } = await import('./refresh-token.ts');
    const live = answers.filter((answer) =>
      hashToken(answer.refresh_token ?? '').equals(Buffer.from(currentHash)),
    );
    expect(live).toHaveLength(1);
    expect((await refreshOnce(session, live[0]?.refresh_token)).refresh_token).toMatch(/^cgr_/);
  },
);
