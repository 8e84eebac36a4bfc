import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as client from 'openid-client';
import { systemClock } from '@caregraph/clock';
import {
  appRedirect,
  askRouter,
  beginAppSignIn,
  bound,
  createBrowser,
  formOf,
  refresh,
  signInToApp,
  startSignInJourney,
  type Browser,
  type Page,
  type SignInStack,
} from '../test-sign-in.ts';
import { send } from './wire.ts';

/**
 * Attacks on the sign-in pages and the provider of the real stack. What concerns one endpoint alone
 * (codes, PKCE, redirect addresses, proofs at the token endpoint, 1,000 refreshes at once) is
 * attacked in identity/src/attacks.test.ts and identity/src/refresh/refresh.test.ts.
 */
let stack: SignInStack;
beforeAll(async () => {
  stack = await startSignInJourney();
  await stack.settle();
});
afterAll(() => stack.stop());

const evil = 'https://evil.example';
const worker = 'health-worker-1';
const clinician = 'clinician-1';
let addresses = 1;
/** Tries are counted by address: each attack has its own. */
const newAddress = () => `127.0.0.${(addresses += 1)}`;
const newBrowser = () => createBrowser(newAddress());

/** How many tries came back to a budget meanwhile, at most: by the clock, so that none is assumed. */
const refills = (beganMs: number, everyS: number) =>
  Math.ceil((performance.now() - beganMs) / 1_000 / everyS);

async function openSignIn(browser: Browser, clientId = 'field-app'): Promise<Page> {
  const config = await stack.discover(clientId);
  const over = clientId === 'explorer' ? { redirect_uri: `${stack.url}/explorer/` } : {};
  const { url } = await beginAppSignIn(config, over);
  return browser.open(url);
}

async function guess(browser: Browser, username: string, password: string): Promise<Page> {
  return browser.submit(await openSignIn(browser), { username, password });
}

/** Sends a form as it stands, from a page that may be elsewhere. */
function post(
  browser: Browser,
  page: Page,
  values: Record<string, string>,
  headers: Record<string, string> = { origin: page.url.origin, 'sec-fetch-site': 'same-origin' },
): Promise<Page> {
  const { action } = formOf(page);
  const body = new URLSearchParams(values);
  return browser.fetch(new URL(action, page.url), { method: 'POST', body, headers });
}

describe('forms of other sites', () => {
  interface Form {
    readonly page: Page;
    readonly browser: Browser;
    readonly values: Record<string, string>;
  }
  const typed = {
    new_password: 'violet harbour 7 spoons',
    new_password_repeat: 'violet harbour 7 spoons',
  };
  const forms = {
    async password() {
      const browser = newBrowser();
      const values = { username: worker, password: await stack.passwordOf(worker) };
      return { browser, page: await openSignIn(browser), values };
    },
    async code() {
      const { password, codeAt } = await stack.credentialsOf(clinician);
      const browser = newBrowser();
      const page = await guess(browser, clinician, password);
      return { browser, page, values: { code: codeAt(systemClock.now()) } };
    },
    async 'recovery code'() {
      const { password } = await stack.credentialsOf(clinician);
      const browser = newBrowser();
      const page = await guess(browser, clinician, password);
      const recovery = await browser.open(`${page.url.href.replace(/\/code$/, '')}/recovery`);
      return { browser, page: recovery, values: { code: 'AAAAA-AAAAA-AAAAA' } };
    },
    async 'change of a password'() {
      const browser = newBrowser();
      const page = await browser.open(`${stack.issuer}/password`);
      const password = await stack.passwordOf('pharmacist-1');
      return { browser, page, values: { username: 'pharmacist-1', password, ...typed } };
    },
    async 'one-time link'() {
      const { staffId } = stack.actor('supervisor-1');
      await stack.passwordOf('supervisor-1');
      const { token } = await stack.accounts().enrolmentLink(staffId, 'RESET');
      const browser = newBrowser();
      return { browser, page: await browser.open(`${stack.issuer}/enrol/${token}`), values: typed };
    },
  };

  test.each(Object.entries(forms))('%s', async (_name, open) => {
    const { page, browser, values }: Form = await open();
    const { fields } = formOf(page);
    expect(page.status).toBe(200);
    const own = { origin: page.url.origin, 'sec-fetch-site': 'same-origin' };
    const stranger = formOf(await openSignIn(newBrowser())).fields['form_token'] ?? '';
    const tries: [Record<string, string>, Record<string, string>][] = [
      [fields, { origin: evil, 'sec-fetch-site': 'cross-site' }],
      [fields, { origin: 'null', 'sec-fetch-site': 'cross-site' }],
      [fields, { 'sec-fetch-site': 'same-site' }],
      [fields, { origin: evil }],
      [fields, {}],
      [{ ...fields, form_token: '' }, own],
      [{ ...fields, form_token: stranger }, own],
      [{ ...fields, form_token: fields['form_token']?.toLowerCase() ?? '' }, own],
    ];
    for (const [hidden, headers] of tries) {
      const answer = await post(browser, page, { ...hidden, ...values }, headers);
      expect(answer.status, JSON.stringify(headers)).toBe(403);
      // The router refuses origins of others before the page does.
      expect(answer.text).toMatch(/FORM_REFUSED|ORIGIN_REFUSED/);
    }
    // The same form, sent from its own page, is taken: nothing else was wrong with it.
    const honest = await post(browser, page, { ...fields, ...values }, own);
    expect(honest.status).not.toBe(403);
  });
});

describe('fixed sessions', () => {
  const copy = (from: Browser, to: Browser) => {
    for (const [name, cookie] of from.cookies) to.cookies.set(name, cookie);
  };

  test('cookies from before a sign-in are worth nothing after it', async () => {
    const [attacker, victim] = [newBrowser(), newBrowser()];
    const page = await openSignIn(attacker, 'explorer');
    copy(attacker, victim);
    const password = await stack.passwordOf(worker);
    const done = await victim.submit(page, { username: worker, password });
    expect(done.location).toContain('code=');
    const later = await openSignIn(attacker, 'explorer');
    expect(later.text).toContain('name="password"');
  });

  test('whoever planted the sign-in cannot go on in the victim’s place', async () => {
    const [attacker, victim] = [newBrowser(), newBrowser()];
    const page = await openSignIn(attacker, 'explorer');
    copy(attacker, victim);
    const password = await stack.passwordOf(worker);
    const { fields } = formOf(page);
    const passed = await post(victim, page, { ...fields, username: worker, password });
    expect(passed.status).toBe(303);
    const stolen = await attacker.open(passed.location);
    expect(stolen.location).not.toContain('code=');
    const { pathname } = new URL(passed.location, stack.url);
    const uid = pathname.split('/').at(-1) ?? '';
    const elsewhere = await openSignIn(newBrowser(), 'explorer');
    const otherUid = /interaction\/([\w-]+)/.exec(elsewhere.url.pathname)?.[1] ?? '';
    expect(otherUid).not.toBe('');
    // The provider goes by the cookie and never compares the address: cookies by hand.
    const cookie = [...attacker.cookies].map(([name, { value }]) => `${name}=${value}`).join('; ');
    expect(cookie).toContain('resume');
    const spellings = [
      pathname,
      pathname.replace('/auth/', '/AUTH/'),
      `${pathname}/`,
      pathname.replace(uid, otherUid),
      pathname.replace(uid, 'made-up-by-somebody'),
      pathname.replace('/auth/', '/device/'),
    ];
    for (const spelling of spellings) {
      const answer = await attacker.fetch(`${stack.url}${spelling}`, { headers: { cookie } });
      expect(answer.location, spelling).not.toContain('code=');
      // To where codes of devices are typed, from there; else an error, and never a fault.
      if (spelling.includes('/device/')) expect(answer.location).toBe('/identity/device');
      else expect(answer.status, spelling).toBeGreaterThanOrEqual(400);
      expect(answer.status, spelling).toBeLessThan(500);
    }
    const own = await victim.open(passed.location);
    expect(own.location).toContain('code=');
  });

  test('the address of somebody else’s sign-in opens nothing', async () => {
    const [attacker, victim] = [newBrowser(), newBrowser()];
    const page = await openSignIn(attacker);
    await openSignIn(victim);
    expect((await victim.open(page.url)).status).toBe(404);
    const { fields } = formOf(page);
    const values = { ...fields, username: worker, password: await stack.passwordOf(worker) };
    expect((await post(victim, page, values)).status).toBe(404);
  });
});

describe('guessing', () => {
  test('unknown, wrong, dismissed and blocked names get one answer, headers and all', async () => {
    const dismissed = 'health-worker-2';
    await stack.passwordOf(dismissed);
    await stack.passwordOf(worker);
    const { data } = await stack.ask(
      'platform-admin',
      `mutation ($operation: OperationInput!, $input: DismissStaffInput!) {
        dismissStaff(operation: $operation, input: $input) { verdict }
      }`,
      { operation: stack.operation(), input: { id: stack.actor(dismissed).staffId } },
    );
    expect(data).toMatchObject({ dismissStaff: { verdict: 'APPLIED' } });
    await stack.settle();
    const right = await stack.passwordOf(dismissed);
    const shapeOf = ({ status, headers, text }: Page, name: string) => ({
      status,
      headers: [...headers.keys()].sort(),
      text: text
        .replaceAll(name, 'NAME')
        .replaceAll(/interaction\/[\w-]+/g, 'interaction/UID')
        .replaceAll(/value="[\w-]{43}"/g, 'TOKEN'),
    });
    const people = [
      ['nobody-here-1', 'not the password'],
      [worker, 'not the password'],
      [dismissed, 'not the password'],
      [dismissed, right],
    ] as const;
    for (const tries of [1, 6]) {
      const shapes = [];
      for (const [name, password] of people) {
        const browser = newBrowser();
        let page = await openSignIn(browser);
        for (let count = 1; count < tries; count += 1) {
          page = await browser.submit(page, { username: name, password: 'not the password' });
        }
        shapes.push(shapeOf(await browser.submit(page, { username: name, password }), name));
      }
      expect(shapes[0]?.status).toBe(tries === 1 ? 400 : 429);
      for (const shape of shapes) expect(shape).toEqual(shapes[0]);
    }
  });

  test('a thousand wrong passwords lock nobody out', { timeout: 120_000 }, async () => {
    const username = 'health-worker-3';
    const password = await stack.passwordOf(username);
    const known = newBrowser();
    await signInToApp(stack, username, { browser: known });
    const attacker = newBrowser();
    const page = await openSignIn(attacker);
    const { fields } = formOf(page);
    const statuses = new Map<number, number>();
    const began = performance.now();
    for (let round = 0; round < 40; round += 1) {
      const tries = Array.from({ length: 25 }, (_, index) =>
        post(attacker, page, { ...fields, username, password: `wrong ${round} ${index}` }),
      );
      for (const { status } of await Promise.all(tries)) {
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
    }
    expect([...statuses.keys()].sort()).toEqual([400, 429]);
    expect(statuses.get(400)).toBeLessThanOrEqual(5 + refills(began, 300));
    // The right one does not help the attacker either.
    expect((await post(attacker, page, { ...fields, username, password })).status).toBe(429);
    await signInToApp(stack, username, { browser: known });
    await signInToApp(stack, username, { browser: newBrowser() });
  });

  test('from many addresses: a known browser goes on, new ones share a try per half minute', async () => {
    const username = 'supervisor-2';
    const known = newBrowser();
    await signInToApp(stack, username, { browser: known });
    let refused = 0;
    const began = performance.now();
    for (let address = 0; address < 8; address += 1) {
      const attacker = newBrowser();
      let page = await openSignIn(attacker);
      for (let tries = 0; tries < 5; tries += 1) {
        page = await attacker.submit(page, { username, password: `wrong ${tries}` });
        if (page.status === 400) refused += 1;
      }
    }
    expect(refused).toBeLessThanOrEqual(30 + refills(began, 30));
    // On a slow machine a try may have come back meanwhile: it is used up first.
    let late = await guess(newBrowser(), username, 'wrong at last');
    while (late.status === 400) late = await guess(newBrowser(), username, 'wrong at last');
    expect(late.status).toBe(429);
    expect(Number(late.headers.get('retry-after'))).toBeLessThanOrEqual(30);
    await signInToApp(stack, username, { browser: known });
  });

  test('one password for many names stops after sixty', { timeout: 60_000 }, async () => {
    const attacker = newBrowser();
    const page = await openSignIn(attacker);
    const { fields } = formOf(page);
    const statuses: number[] = [];
    const began = performance.now();
    // Until it is refused for the fifth time, however often a try comes back before that.
    for (let name = 0; statuses.filter((one) => one === 429).length < 5; name += 1) {
      const values = { ...fields, username: `spray-${name}`, password: 'Summer2026!!!!!' };
      statuses.push((await post(attacker, page, values)).status);
    }
    const tried = statuses.filter((status) => status === 400).length;
    expect(tried).toBeGreaterThanOrEqual(60);
    expect(tried).toBeLessThanOrEqual(60 + refills(began, 10));
  });

  test('a code of the authenticator lets one browser in, however many send it at once', async () => {
    const { password, codeAt } = await stack.credentialsOf('hospital-clinician-1');
    const places = [];
    for (let count = 0; count < 5; count += 1) {
      const browser = newBrowser();
      places.push({ browser, page: await guess(browser, 'hospital-clinician-1', password) });
    }
    const code = codeAt(systemClock.now());
    const answers = await Promise.all(
      places.map(({ browser, page }) => post(browser, page, { ...formOf(page).fields, code })),
    );
    expect(answers.filter(({ status }) => status === 303)).toHaveLength(1);
    const again = newBrowser();
    const page = await guess(again, 'hospital-clinician-1', password);
    expect((await again.submit(page, { code })).location).toBe('');
  });

  test('codes of an authenticator cannot be tried for long, whatever the address', async () => {
    const key = 'hospital-clinician-2';
    const { password } = await stack.credentialsOf(key);
    const statuses = [];
    for (let count = 0; count < 8; count += 1) {
      const browser = newBrowser();
      const page = await guess(browser, key, password);
      statuses.push((await browser.submit(page, { code: `00000${count}` })).status);
    }
    expect(statuses.slice(5)).toEqual([429, 429, 429]);
  });
});

describe('stolen things', () => {
  test('a refresh token is worth nothing without its key', async () => {
    const session = await signInToApp(stack, worker, { browser: newBrowser() });
    const handle = client.getDPoPHandle(session.config, await client.randomDPoPKeyPair('ES256'));
    const thief = { config: session.config, handle };
    const { refresh_token, access_token } = session.tokens;
    await expect(refresh(thief, refresh_token)).rejects.toMatchObject({ error: 'invalid_grant' });
    const bare = client.refreshTokenGrant(session.config, refresh_token ?? '');
    await expect(bare).rejects.toThrow();
    const other = { keys: await client.randomDPoPKeyPair('ES256', { extractable: true }) };
    const asked = await askRouter(
      stack,
      { query: '{ __typename }' },
      await bound(stack, other, access_token),
    );
    expect(asked).toMatchObject({ status: 401, data: null, reason: 'DPOP_PROOF_INVALID' });
    // Whoever does not hold the key ends nothing for who does.
    expect((await refresh(session, refresh_token)).refresh_token).toMatch(/^cgr_/);
  });

  test('no other token passes for an access token', async () => {
    const session = await signInToApp(stack, worker, { browser: newBrowser() });
    const { id_token = '', refresh_token = '' } = session.tokens;
    for (const token of [id_token, refresh_token]) {
      for (const scheme of ['Bearer', 'DPoP']) {
        const proof = (await bound(stack, session, token))['dpop'] ?? '';
        const headers = { authorization: `${scheme} ${token}`, dpop: proof };
        const answer = await askRouter(stack, { query: '{ __typename }' }, headers);
        expect(answer).toMatchObject({ status: 401, data: null });
      }
    }
  });

  test('a code is refused to whoever did not ask for it', async () => {
    const browser = newBrowser();
    const config = await stack.discover('field-app');
    const victims = await beginAppSignIn(config);
    const password = await stack.passwordOf(worker);
    const left = await browser.submit(await browser.open(victims.url), {
      username: worker,
      password,
    });
    const back = new URL(left.location);
    expect(back.searchParams.get('iss')).toBe(stack.issuer);
    const attackers = await beginAppSignIn(config);
    const exchange = (checks: client.AuthorizationCodeGrantChecks) =>
      client.randomDPoPKeyPair('ES256').then((keys) =>
        client.authorizationCodeGrant(config, back, checks, undefined, {
          DPoP: client.getDPoPHandle(config, keys),
        }),
      );
    const injected = exchange({
      pkceCodeVerifier: attackers.verifier,
      expectedState: attackers.state,
    });
    await expect(injected).rejects.toThrow();
    const raw = exchange({ pkceCodeVerifier: attackers.verifier, expectedState: victims.state });
    await expect(raw).rejects.toMatchObject({ error: 'invalid_grant' });
    expect(left.location.startsWith(appRedirect)).toBe(true);
  });
});

describe('addresses and headers', () => {
  const html: [string, string] = ['accept', 'text/html'];

  test.each(['', '/password', '/enrol/none', '/device', '/session/end', '/auth?client_id=none'])(
    'the page at %j stands in no frame and runs no script',
    async (path) => {
      const page =
        path === ''
          ? await openSignIn(newBrowser())
          : await newBrowser().open(`${stack.issuer}${path}`);
      const policy = page.headers.get('content-security-policy') ?? '';
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).toContain("default-src 'none'");
      expect(policy).not.toContain('unsafe');
      expect(policy).not.toContain('script-src');
      expect(page.headers.get('x-frame-options')).toBe('DENY');
      expect(page.headers.get('x-content-type-options')).toBe('nosniff');
      expect(page.headers.get('cache-control')).toContain('no-store');
      expect(page.text).not.toMatch(/<script|javascript:/i);
    },
  );

  test('another host in a request is in no link, cookie or redirect', async () => {
    const forwarded: [string, string][] = [
      ['x-forwarded-host', 'evil.example'],
      ['x-forwarded-proto', 'https'],
      ['x-forwarded-for', '203.0.113.9'],
      ['x-original-url', '/evil.example'],
      ['forwarded', 'host=evil.example;proto=https'],
    ];
    for (const path of ['/identity/.well-known/openid-configuration', '/identity/device']) {
      const answer = await send(stack.url, { method: 'GET', path, headers: [html, ...forwarded] });
      expect(answer.status).toBe(200);
      expect(JSON.stringify([answer.headers, answer.text])).not.toContain('evil.example');
      const named = await send(stack.url, {
        method: 'GET',
        path,
        headers: [html, ['host', 'evil.example']],
      });
      expect(named.status).toBe(400);
      expect(JSON.stringify([named.headers, named.text])).not.toContain('evil.example');
    }
    const body = new URLSearchParams({ client_id: 'caregraph-cli' }).toString();
    const form: [string, string] = ['content-type', 'application/x-www-form-urlencoded'];
    const path = '/identity/device/auth';
    const device = await send(stack.url, { path, headers: [form, ...forwarded], body });
    expect(device.status).toBe(200);
    expect(device.text).toContain(`${stack.issuer}/device`);
    expect(device.text).not.toContain('evil.example');
  });

  const returns = [
    '//evil.example',
    '/\\evil.example',
    '/%5Cevil.example',
    'https:evil.example',
    '/identity/../../evil.example',
    '/identity//evil.example',
  ];
  test.each(returns)('no page leads to %s', async (target) => {
    const browser = newBrowser();
    const page = await openSignIn(browser);
    const names = ['return_to', 'returnTo', 'next', 'redirect', 'redirect_uri', 'continue', 'goto'];
    const query = new URLSearchParams(Object.fromEntries(names.map((name) => [name, target])));
    const password = await stack.passwordOf(worker);
    const action = `${page.url.pathname}?${query.toString()}`;
    const { fields } = formOf(page);
    const body = new URLSearchParams({
      ...fields,
      ...Object.fromEntries(query),
      username: worker,
      password,
    });
    const answer = await browser.fetch(new URL(action, stack.url), {
      method: 'POST',
      body,
      headers: { origin: stack.url, 'sec-fetch-site': 'same-origin' },
    });
    expect(new URL(answer.location, stack.url).host).toBe(new URL(stack.url).host);
    expect(answer.location).not.toContain('evil');
    for (const path of [target, `/identity${target}`, `/identity/interaction/${target}`]) {
      const asked = await send(stack.url, { method: 'GET', path, headers: [html] });
      expect(String(asked.headers['location'] ?? '')).not.toContain('evil');
    }
  });

  test('signing out leads to registered addresses alone', async () => {
    for (const target of [
      evil,
      '//evil.example',
      `${stack.url}/explorer/../evil`,
      `${stack.url}@evil.example/`,
    ]) {
      const query = new URLSearchParams({
        client_id: 'explorer',
        post_logout_redirect_uri: target,
      });
      const page = await newBrowser().fetch(`${stack.issuer}/session/end?${query.toString()}`);
      expect([page.status, page.location]).toEqual([400, '']);
    }
  });

  test('line breaks in parameters and cookies begin no header', async () => {
    const config = await stack.discover('field-app');
    const broken = 'x\r\nx-evil: 1\r\nset-cookie: evil=1';
    for (const name of ['state', 'login_hint', 'ui_locales', 'nonce', 'client_id', 'lang']) {
      const { url } = await beginAppSignIn(config);
      url.searchParams.set(name, broken);
      const browser = newBrowser();
      const page = await browser.open(url);
      expect(page.headers.get('x-evil')).toBeNull();
      expect([...browser.cookies.keys()]).not.toContain('evil');
      expect(page.status).toBeLessThan(500);
    }
    const page = await newBrowser().open(
      `${stack.issuer}/password?lang=${encodeURIComponent(broken)}`,
    );
    expect([page.status, page.headers.get('x-evil')]).toEqual([200, null]);
  });

  test('headers and cookies without end are refused, and the next request is answered', async () => {
    const path = '/identity/password';
    for (const [name, value] of [
      ['cookie', `caregraph-known=${'a.'.repeat(40_000)}`],
      ['x-long', 'a'.repeat(100_000)],
    ] as const) {
      const answer = await send(stack.url, { method: 'GET', path, headers: [html, [name, value]] });
      expect(answer.status).toBe(431);
    }
    const cookie = 'caregraph-form=a; caregraph-form=b; caregraph-known=%00; caregraph-link=..%2f';
    const odd = await send(stack.url, { method: 'GET', path, headers: [html, ['cookie', cookie]] });
    expect(odd.status).toBe(200);
    const large = 'username='.padEnd(200_000, 'x');
    const form: [string, string] = ['content-type', 'application/x-www-form-urlencoded'];
    for (const target of [path, '/identity/token', '/identity/device']) {
      const answer = await send(stack.url, { path: target, headers: [form], body: large });
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.status).toBeLessThan(500);
    }
  });
});
