import * as client from 'openid-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isFault } from '@caregraph/fault';
import { createRevocationList, createTokenVerifier } from '@caregraph/access';
import { createSignIn } from './sign-in/index.ts';
import { createFormClient, type Answer, type FormClient } from './sign-in/test-form-client.ts';
import { authorizationUrl, refreshOnce, type AppSession } from './test-app-session.ts';
import { appRedirect, audience, startTestIdentity, type TestIdentity } from './test-identity.ts';

/** The real pages in front of the real provider. */
let one: TestIdentity;
beforeAll(async () => {
  one = await startTestIdentity({ signIn: createSignIn });
});
afterAll(() => one.stop());

const password = 'lantern orbit teapot 9';
const newPassword = 'violet harbour 7 spoons';
const ended = { error: 'invalid_grant' };
const explorerAt = () => `${one.url}/explorer/`;

async function addPerson(username: string, role = 'HEALTH_WORKER'): Promise<string> {
  const staffId = one.ids.next();
  one.institution.staff.set(staffId, { role, version: 1, dismissed: false });
  await accounts().createAccount({ staffId, username });
  await reset(staffId, password);
  return staffId;
}

function accounts() {
  if (one.identity.accounts === undefined) throw new Error('there are no accounts');
  return one.identity.accounts;
}

async function reset(staffId: string, secret: string): Promise<void> {
  const { token } = await accounts().enrolmentLink(staffId, 'RESET');
  expect(await accounts().enrolment.useLink(token, secret)).toMatchObject({ kind: 'set' });
}

/** As far as the page of the app; what is left is `finish`. */
async function openApp(browser: FormClient) {
  const config = await one.discover('field-app');
  const { url, verifier } = await authorizationUrl(config);
  return { config, verifier, page: await browser.follow(url.href) };
}

async function signInToApp(browser: FormClient, username: string): Promise<AppSession> {
  const { config, verifier, page } = await openApp(browser);
  const passed = await browser.submit(page, { username, password });
  const { location } = await browser.follow(passed.location, appRedirect);
  const keys = await client.randomDPoPKeyPair('ES256', { extractable: true });
  const handle = client.getDPoPHandle(config, keys);
  const checks = { pkceCodeVerifier: verifier };
  const back = new URL(location);
  const tokens = await client.authorizationCodeGrant(config, back, checks, undefined, {
    DPoP: handle,
  });
  return { config, tokens, handle, keys };
}

/** Asks for a code of the explorer: a page when the browser has no session that counts. */
async function openExplorer(browser: FormClient): Promise<Answer> {
  const config = await one.discover('explorer');
  const { url } = await authorizationUrl(config, { redirect_uri: explorerAt() });
  return browser.follow(url.href, explorerAt());
}

async function signInToExplorer(browser: FormClient, username: string): Promise<void> {
  const page = await openExplorer(browser);
  // The browser is signed in already.
  if (page.location.startsWith(explorerAt())) return;
  const passed = await browser.submit(page, { username, password });
  const answer = await browser.follow(passed.location, explorerAt());
  expect(answer.location).toContain('code=');
}

async function changePassword(browser: FormClient, username: string, from = password) {
  const page = await browser.get('/identity/password');
  const next = { new_password: newPassword, new_password_repeat: newPassword };
  const answer = await browser.submit(page, { username, password: from, ...next });
  expect(answer.location).toBe('/identity/password/changed');
}

async function isVoid(accessToken: string): Promise<boolean> {
  const revocations = createRevocationList(one.clock);
  for (const revocation of one.told) revocations.add(revocation);
  const { issuer, clock } = one;
  const options = { issuer, audience, keys: one.identity.keys, clock, revocations };
  const outcome: unknown = await createTokenVerifier(options)
    .verify(accessToken)
    .catch((error: unknown) => error);
  if (isFault(outcome)) expect(outcome.code).toBe('TOKEN_REVOKED');
  return isFault(outcome);
}

const newBrowser = () => createFormClient(one.url);

/** Sign-ins count in whole seconds: what is made after this is younger, what was before older. */
const nextSecond = () => one.clock.advance(2_000);

describe('a changed password', () => {
  test('ends every sign-in but the one of the browser at hand', async () => {
    await addPerson('asha');
    const [mine, thiefs] = [newBrowser(), newBrowser()];
    const ownApp = await signInToApp(mine, 'asha');
    await signInToExplorer(mine, 'asha');
    const stolen = await signInToApp(thiefs, 'asha');
    await signInToExplorer(thiefs, 'asha');
    expect((await openExplorer(thiefs)).location).toContain('code=');
    expect(await isVoid(stolen.tokens.access_token)).toBe(false);
    nextSecond();
    await changePassword(mine, 'asha');
    expect(await isVoid(stolen.tokens.access_token)).toBe(true);
    expect(await isVoid(ownApp.tokens.access_token)).toBe(true);
    const late = refreshOnce(stolen, stolen.tokens.refresh_token);
    await expect(late).rejects.toMatchObject(ended);
    expect((await openExplorer(thiefs)).text).toContain('name="password"');
    expect((await openExplorer(mine)).location).toContain('code=');
    expect((await refreshOnce(ownApp, ownApp.tokens.refresh_token)).refresh_token).toMatch(/^cgr_/);
  });

  test('changed in a browser without a session, or with somebody else’s, ends them all', async () => {
    await addPerson('bela');
    await addPerson('chandra');
    const app = await signInToApp(newBrowser(), 'bela');
    const shared = newBrowser();
    await signInToExplorer(shared, 'chandra');
    nextSecond();
    await changePassword(shared, 'bela');
    await expect(refreshOnce(app, app.tokens.refresh_token)).rejects.toMatchObject(ended);
    expect((await openExplorer(shared)).location).toContain('code=');
  });

  test('a wrong present password ends nothing', async () => {
    await addPerson('dipa');
    const app = await signInToApp(newBrowser(), 'dipa');
    const page = await newBrowser().get('/identity/password');
    const typed = { new_password: newPassword, new_password_repeat: newPassword };
    await newBrowser().submit(page, { username: 'dipa', password: 'not this one', ...typed });
    expect(await isVoid(app.tokens.access_token)).toBe(false);
    await refreshOnce(app, app.tokens.refresh_token);
  });

  test('ends a sign-in that was proved with the old one and waits to be finished', async () => {
    const staffId = await addPerson('esha');
    const waiting = newBrowser();
    const passed = await waiting.submit(await openExplorer(waiting), {
      ...{ username: 'esha', password },
    });
    const code = newBrowser();
    const { config, verifier, page } = await openApp(code);
    const answered = await code.submit(page, { username: 'esha', password });
    const back = new URL((await code.follow(answered.location, appRedirect)).location);
    nextSecond();
    await reset(staffId, newPassword);
    const later = await waiting.follow(passed.location, explorerAt());
    expect(later.location).toBe('');
    expect(later.text).toContain('name="password"');
    const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256'));
    const exchanged = client.authorizationCodeGrant(
      config,
      back,
      { pkceCodeVerifier: verifier },
      undefined,
      { DPoP },
    );
    await expect(exchanged).rejects.toMatchObject(ended);
  });

  test('ends a code that is being exchanged in this very moment', async () => {
    const staffId = await addPerson('firoz');
    const browser = newBrowser();
    const { config, verifier, page } = await openApp(browser);
    const answered = await browser.submit(page, { username: 'firoz', password });
    const back = new URL((await browser.follow(answered.location, appRedirect)).location);
    const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256'));
    // A change that has written the account and not committed yet.
    const changing = await one.pool.connect();
    await changing.query('BEGIN');
    await changing.query(
      `UPDATE account SET password_changed_at = password_changed_at + interval '1 hour'
       WHERE staff_id = $1`,
      [staffId],
    );
    const checks = { pkceCodeVerifier: verifier };
    const exchange = client
      .authorizationCodeGrant(config, back, checks, undefined, { DPoP })
      .catch((error: unknown) => error);
    const isWaiting = async () => {
      const { rows } = await one.pool.query(
        `SELECT FROM pg_stat_activity
         WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      );
      return rows.length;
    };
    await expect.poll(isWaiting, { timeout: 10_000 }).toBe(1);
    await changing.query('COMMIT');
    changing.release();
    expect(await exchange).toMatchObject(ended);
    expect(await one.store.refreshFamily.count({ where: { staffId } })).toBe(0);
  });

  test('ends a sign-in between password and code', async () => {
    const staffId = await addPerson('farid', 'CLINICIAN');
    const half = newBrowser();
    const passed = await half.submit(await openExplorer(half), { username: 'farid', password });
    expect(passed.location).toMatch(/\/setup$/);
    nextSecond();
    await reset(staffId, newPassword);
    expect((await half.follow(passed.location)).text).toContain('name="password"');
  });
});

test('a reset ends every sign-in, also that of the browser at hand', async () => {
  const staffId = await addPerson('gita');
  const browser = newBrowser();
  const app = await signInToApp(browser, 'gita');
  await signInToExplorer(browser, 'gita');
  nextSecond();
  await reset(staffId, newPassword);
  expect(await isVoid(app.tokens.access_token)).toBe(true);
  await expect(refreshOnce(app, app.tokens.refresh_token)).rejects.toMatchObject(ended);
  expect((await openExplorer(browser)).text).toContain('name="password"');
});

test('the first password of an account ends nothing', async () => {
  const staffId = await addPerson('hina');
  expect(one.told).not.toContainEqual(expect.objectContaining({ id: staffId }));
});

describe('while the institution subgraph is away', () => {
  test('right, wrong and unknown get one answer; who is known well enough goes on', async () => {
    await addPerson('ila');
    await addPerson('jaya');
    await signInToExplorer(newBrowser(), 'jaya');
    const guess = async (username: string, secret: string) => {
      const browser = newBrowser();
      const page = await openExplorer(browser);
      const answer = await browser.submit(page, { username, password: secret });
      const text = answer.text.replaceAll(username, 'NAME').replace(/value="[\w-]{43}"/, 'TOKEN');
      const address = text.replaceAll(/interaction\/[\w-]+/g, 'interaction/UID');
      return { status: answer.status, text: address, location: answer.location };
    };
    one.institution.away = true;
    const answers = [
      await guess('ila', password),
      await guess('ila', 'not the password'),
      await guess('nobody', password),
      await guess('jaya', 'not the password'),
    ];
    const goesOn = await guess('jaya', password);
    one.institution.away = false;
    expect(answers[0]).toMatchObject({ status: 503, location: '' });
    expect(answers[0]?.text).toContain('not possible just now');
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    expect(goesOn.status).toBe(303);
  });
});

describe('a browser that is handed on', () => {
  test('lets the next person in as themselves, and ends what the last one had in it', async () => {
    await addPerson('kala');
    await addPerson('lata');
    const shared = newBrowser();
    await signInToExplorer(shared, 'kala');
    const config = await one.discover('explorer');
    const { url, verifier } = await authorizationUrl(config, { redirect_uri: explorerAt() });
    const back = new URL((await shared.follow(url.href, explorerAt())).location);
    const checks = { pkceCodeVerifier: verifier };
    const kalas = await client.authorizationCodeGrant(config, back, checks);
    expect(await isVoid(kalas.access_token)).toBe(false);
    const latas = await signInToApp(shared, 'lata');
    expect(latas.tokens.claims()?.sub).not.toBe(kalas.claims()?.sub);
    expect(await isVoid(kalas.access_token)).toBe(true);
    nextSecond();
    const next = await authorizationUrl(config, { redirect_uri: explorerAt() });
    const again = new URL((await shared.follow(next.url.href, explorerAt())).location);
    const own = { pkceCodeVerifier: next.verifier };
    const tokens = await client.authorizationCodeGrant(config, again, own);
    expect(tokens.claims()?.sub).toBe(latas.tokens.claims()?.sub);
  });

  test('signs out with a button, signed in or not, and without scripts', async () => {
    await addPerson('mira');
    for (const isSignedIn of [true, false]) {
      const browser = newBrowser();
      if (isSignedIn) await signInToExplorer(browser, 'mira');
      const page = await browser.get('/identity/session/end');
      expect(page.text).not.toContain('<script');
      const done = await browser.submit(page, { logout: 'yes' });
      expect((await browser.follow(done.location)).text).toContain('You are signed out');
      expect((await openExplorer(browser)).text).toContain('name="password"');
    }
  });
});
