import { decodeJwt } from 'jose';
import * as client from 'openid-client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createSignIn } from './sign-in/index.ts';
import { createFormClient, type Answer, type FormClient } from './sign-in/test-form-client.ts';
import { startTestIdentity, type TestIdentity } from './test-identity.ts';

/** A device without a browser, and the person who connects it with the pages of another one. */
let one: TestIdentity;
let staffId: string;
beforeAll(async () => {
  one = await startTestIdentity({ signIn: createSignIn });
  staffId = one.ids.next();
  one.institution.staff.set(staffId, { role: 'HEALTH_WORKER', version: 1, dismissed: false });
  const { accounts } = one.identity;
  if (accounts === undefined) throw new Error('there are no accounts');
  await accounts.createAccount({ staffId, username: 'asha' });
  const { token } = await accounts.enrolmentLink(staffId, 'ENROL');
  await accounts.enrolment.useLink(token, password);
});
afterAll(() => one.stop());

const password = 'lantern orbit teapot 9';
const mallory = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };

async function begin(parameters: Record<string, string> = {}) {
  const config = await one.discover('caregraph-cli');
  return { config, device: await client.initiateDeviceAuthorization(config, parameters) };
}

/** Types the code and signs in. @returns the page that asks whether this is one's device */
async function typeCode(browser: FormClient, userCode: string): Promise<Answer> {
  const input = await browser.get('/identity/device');
  const confirm = await browser.submit(input, { user_code: userCode });
  expect(confirm.text).toContain(userCode);
  return confirm;
}

async function approve(browser: FormClient, confirm: Answer): Promise<Answer> {
  const asked = await browser.submit(confirm, {});
  const page = await browser.follow(asked.location);
  const passed = await browser.submit(page, { username: 'asha', password });
  return browser.follow(passed.location);
}

test.each([
  ['without a scope', {}],
  ['with openid', { scope: 'openid' }],
])('a device is connected %s', async (_name, parameters) => {
  const { config, device } = await begin(parameters);
  const browser = createFormClient(one.url);
  const done = await approve(browser, await typeCode(browser, device.user_code));
  expect(done.text).toContain('The device is connected');
  const tokens = await client.pollDeviceAuthorizationGrant(config, { ...device, interval: 0 });
  expect(decodeJwt(tokens.access_token)).toMatchObject({ sub: staffId, documents: 'free' });
  expect(tokens.refresh_token).toMatch(/^cgr_/);
  await expect(
    client.pollDeviceAuthorizationGrant(config, { ...device, interval: 0 }),
  ).rejects.toMatchObject({ error: 'invalid_grant' });
});

test('who says no connects nothing', async () => {
  const { config, device } = await begin();
  const browser = createFormClient(one.url);
  await browser.submit(await typeCode(browser, device.user_code), { abort: 'yes' });
  await expect(
    client.pollDeviceAuthorizationGrant(config, { ...device, interval: 0 }),
  ).rejects.toMatchObject({ error: 'access_denied' });
});

test('a page elsewhere cannot approve a device in the name of whoever looks at it', async () => {
  const { config, device } = await begin();
  const browser = createFormClient(one.url);
  const confirm = await typeCode(browser, device.user_code);
  const forged = {
    ...confirm,
    text: confirm.text.replace(/name="xsrf" value="[^"]*"/, 'name="xsrf" value="guess"'),
  };
  for (const page of [
    forged,
    { ...confirm, text: confirm.text.replace(/<input type="hidden" name="xsrf"[^>]*>/, '') },
  ]) {
    const answer = await browser.submit(page, { confirm: 'yes' }, mallory);
    expect(answer.location).toBe('');
  }
  const other = createFormClient(one.url);
  await other.get('/identity/device');
  expect((await other.submit(confirm, { confirm: 'yes' })).location).toBe('');
  const polled = await fetch(`${one.issuer}/token`, {
    method: 'POST',
    body: new URLSearchParams({
      ...{ grant_type: 'urn:ietf:params:oauth:grant-type:device_code', client_id: 'caregraph-cli' },
      device_code: device.device_code,
    }),
  });
  expect(await polled.json()).toMatchObject({ error: 'authorization_pending' });
  expect(config.serverMetadata().issuer).toBe(one.issuer);
});

test('codes of devices cannot be guessed for long', async () => {
  const browser = createFormClient(one.url);
  one.clock.advance(3_600_000);
  const statuses = [];
  for (let tries = 0; tries < 12; tries += 1) {
    const page = await browser.get('/identity/device');
    const answer = await browser.submit(page, { user_code: 'BCDF-GHJK' });
    statuses.push(answer.status);
  }
  expect(statuses.slice(0, 10)).toEqual(Array(10).fill(200));
  expect(statuses.slice(10)).toEqual([429, 429]);
  const late = await browser.submit(await browser.get('/identity/device'), { user_code: 'X' });
  expect(Number(late.headers.get('retry-after'))).toBeGreaterThan(0);
  one.clock.advance(30_000);
  const { device } = await begin();
  await typeCode(browser, device.user_code);
});
