import { SignJWT, decodeJwt, exportJWK } from 'jose';
import * as client from 'openid-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { authorizationUrl, refreshOnce, signInToApp } from './test-app-session.ts';
import { createTestBrowser } from './test-browser.ts';
import { appRedirect, startTestIdentity, type TestIdentity } from './test-identity.ts';

let one: TestIdentity;
beforeAll(async () => {
  one = await startTestIdentity();
  one.signInAs(await one.addStaff());
});
afterAll(() => one.stop());

async function codeOf(parameters: Record<string, string> = {}) {
  const config = await one.discover('field-app');
  const { url, verifier } = await authorizationUrl(config, parameters);
  const back = await createTestBrowser().follow(url, appRedirect);
  const handle = client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256'));
  return { config, back, verifier, handle };
}

const exchange = ({ config, back, verifier, handle }: Awaited<ReturnType<typeof codeOf>>) =>
  client.authorizationCodeGrant(config, back, { pkceCodeVerifier: verifier }, undefined, {
    DPoP: handle,
  });
const refused = { error: 'invalid_grant' };

describe('an authorization code', () => {
  test('works once; used again it ends what it gave', async () => {
    const flow = await codeOf();
    const tokens = await exchange(flow);
    await expect(exchange(flow)).rejects.toMatchObject(refused);
    const session = { ...flow, tokens };
    await expect(refreshOnce(session, tokens.refresh_token)).rejects.toMatchObject(refused);
  });

  test('sent twenty times at once gives tokens at most once', async () => {
    const flow = await codeOf();
    const sent = await Promise.allSettled(Array.from({ length: 20 }, () => exchange(flow)));
    const won = sent.filter(({ status }) => status === 'fulfilled').length;
    expect(won).toBeLessThanOrEqual(1);
    for (const one of sent) {
      if (one.status === 'rejected') expect(one.reason).toMatchObject(refused);
    }
  });

  test('needs the verifier of its own flow', async () => {
    const [flow, other] = [await codeOf(), await codeOf()];
    await expect(exchange({ ...flow, verifier: other.verifier })).rejects.toMatchObject(refused);
  });

  test('is of no use to another client', async () => {
    const flow = await codeOf();
    const body = new URLSearchParams({
      grant_type: 'authorization_code',
      code: flow.back.searchParams.get('code') ?? '',
      code_verifier: flow.verifier,
      redirect_uri: appRedirect,
      client_id: 'explorer',
    });
    const answer = await fetch(`${one.issuer}/token`, { method: 'POST', body });
    expect(await answer.json()).toMatchObject(refused);
  });

  test('gives the app no token without a DPoP proof', async () => {
    const { config, back, verifier } = await codeOf();
    const bare = client.authorizationCodeGrant(config, back, { pkceCodeVerifier: verifier });
    await expect(bare).rejects.toMatchObject(refused);
  });
});

describe('the authorization endpoint', () => {
  const visit = async (parameters: Record<string, string>) => {
    const query = new URLSearchParams({
      client_id: 'field-app',
      response_type: 'code',
      scope: 'openid',
      redirect_uri: appRedirect,
      code_challenge: 'a'.repeat(43),
      code_challenge_method: 'S256',
      ...parameters,
    });
    for (const [name, value] of [...query]) if (value === '') query.delete(name);
    return createTestBrowser().fetch(`${one.issuer}/auth?${query.toString()}`);
  };

  test.each([
    ['no challenge', { code_challenge: '', code_challenge_method: '' }],
    ['a plain challenge', { code_challenge_method: 'plain' }],
    ['an implicit response', { response_type: 'id_token', nonce: 'n' }],
    ['another audience', { resource: 'https://other.test/' }],
    ['an unknown scope by its form', { scope: 'openid "x"' }],
  ])('refuses %s', async (_name, parameters) => {
    const answer = await visit(parameters);
    const location = answer.headers.get('location') ?? '';
    expect(location).not.toContain('/interaction/');
    expect(location).not.toContain('code=');
  });

  test.each([
    'https://evil.test/',
    'org.caregraph.app:/signed-in/../other',
    'org.caregraph.app:/signed-in?next=https://evil.test',
    'http://127.0.0.1.evil.test/signed-in',
    'http://127.0.0.1@evil.test/signed-in',
    'http://127.0.0.1/signed-in/',
    'http://127.0.0.1/signed-in#x',
    'javascript:alert(1)',
    '//evil.test/signed-in',
  ])('sends nobody to %s', async (redirect_uri) => {
    const answer = await visit({ redirect_uri });
    expect(answer.status).toBe(400);
    expect(answer.headers.get('location')).toBeNull();
  });

  test('signing out sends nobody elsewhere', async () => {
    const url = `${one.issuer}/session/end?client_id=explorer&post_logout_redirect_uri=`;
    const answer = await createTestBrowser().fetch(`${url}https://evil.test/`);
    expect(answer.status).toBe(400);
    expect(answer.headers.get('location')).toBeNull();
  });
});

describe('a DPoP proof at the token endpoint', () => {
  const post = async (session: Awaited<ReturnType<typeof signInToApp>>, proof: string) => {
    const body = new URLSearchParams({
      grant_type: 'refresh_token',
      client_id: 'field-app',
      refresh_token: session.tokens.refresh_token ?? '',
    });
    const headers = { dpop: proof };
    return fetch(`${one.issuer}/token`, { method: 'POST', body, headers });
  };

  test('that is replayed, old, for another address or badly signed is refused', async () => {
    const session = await signInToApp(one, await one.addStaff());
    const { privateKey, publicKey } = session.keys;
    const jwk = await exportJWK(publicKey);
    const nowS = Math.floor(Date.now() / 1_000);
    const claims = { htm: 'POST', htu: `${one.issuer}/token`, jti: 'proof-1', iat: nowS };
    const sign = (over: Record<string, unknown>, header: Record<string, unknown> = {}) =>
      new SignJWT({ ...claims, ...over })
        .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk, ...header })
        .sign(privateKey);
    const proofs = [
      await sign({ iat: nowS - 3_600 }),
      await sign({ htu: 'https://other.test/token' }),
      await sign({ htm: 'GET' }),
      await sign({}, { typ: 'JWT' }),
      `${(await sign({})).slice(0, -4)}AAAA`,
    ];
    for (const proof of proofs) expect((await post(session, proof)).status).toBe(400);
    const good = await sign({});
    expect((await post(session, good)).status).toBe(200);
    expect((await post(session, good)).status).toBe(400);
  });
});

test('signing out of the browser ends the tokens of the explorer', async () => {
  const config = await one.discover('explorer');
  const browser = createTestBrowser();
  const redirect = `${one.url}/explorer/`;
  const { url, verifier } = await authorizationUrl(config, { redirect_uri: redirect });
  const back = await browser.follow(url, redirect);
  const tokens = await client.authorizationCodeGrant(config, back, { pkceCodeVerifier: verifier });
  const { sid } = decodeJwt(tokens.access_token);
  const page = await (await browser.fetch(`${one.issuer}/session/end`)).text();
  const xsrf = /name="xsrf" value="([^"]+)"/.exec(page)?.[1] ?? '';
  const forged = await browser.fetch(`${one.issuer}/session/end/confirm`, {
    method: 'POST',
    body: new URLSearchParams({ xsrf: 'made-up', logout: 'yes' }),
  });
  expect(forged.status).toBe(400);
  expect(one.told).not.toContainEqual(expect.objectContaining({ id: sid }));
  await browser.fetch(`${one.issuer}/session/end/confirm`, {
    method: 'POST',
    body: new URLSearchParams({ xsrf, logout: 'yes' }),
  });
  await expect
    .poll(() => one.told)
    .toContainEqual(expect.objectContaining({ kind: 'session', id: sid }));
});

describe('addresses', () => {
  const post = { method: 'POST', body: new URLSearchParams({ client_id: 'field-app' }) };
  test.each([
    ['/DEVICE', post],
    ['/device/', post],
    ['/Device/Auth', post],
    ['/token/REVOCATION', post],
    ['/token/revocation/', post],
    ['/token//revocation', post],
    ['/token%2frevocation', post],
    ['/%74oken', post],
    ['/session/END', {}],
    ['/session/end/', {}],
    ['/AUTH?client_id=field-app', {}],
    ['/auth/?client_id=field-app', {}],
    ['/JWKS', {}],
  ])('%s is no other spelling of a page', async (path, init) => {
    const answer = await fetch(`${one.issuer}${path}`, init);
    expect(answer.status).toBe(404);
    expect(answer.headers.getSetCookie()).toEqual([]);
  });

  test('a scope that nobody knows is not taken for none', async () => {
    const config = await one.discover('field-app');
    const { url } = await authorizationUrl(config, { scope: 'openid patient:raed' });
    const answer = await createTestBrowser().fetch(url);
    expect(answer.headers.get('location')).toContain('error=invalid_scope');
    const device = await fetch(`${one.issuer}/device/auth`, {
      method: 'POST',
      body: new URLSearchParams({ client_id: 'caregraph-cli', scope: 'patient:raed' }),
    });
    expect(await device.json()).toMatchObject({ error: 'invalid_scope' });
  });
});
