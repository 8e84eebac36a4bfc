import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startRedis, type Service } from '@caregraph/testbed';
import { createTestBrowser } from '../test-browser.ts';
import { authorizationUrl, refreshOnce, signInToApp } from '../test-app-session.ts';
import { startTestIdentity, type TestIdentity } from '../test-identity.ts';

let one: TestIdentity;
let service: Service;
let redis: Redis;
beforeAll(async () => {
  // Its own: what others keep in a shared one comes and goes while this looks.
  service = await startRedis();
  redis = new Redis(service.url);
  one = await startTestIdentity({ redis });
});
afterAll(async () => {
  await one.stop();
  redis.disconnect();
  await service.stop();
});

test('with Redis people sign in as without, and its values give nothing away', async () => {
  const staffId = await one.addStaff();
  const session = await signInToApp(one, staffId);
  await refreshOnce(session, session.tokens.refresh_token);
  const keys = await redis.keys('caregraph:identity:*');
  expect(keys.some((key) => key.includes(':Session:'))).toBe(true);
  for (const key of keys) expect(await redis.get(key)).not.toContain(staffId);
  expect(await one.store.providerRecord.count({ where: { model: 'Session' } })).toBe(0);
});

test("the explorer's session signs in again without a question, until it is signed out", async () => {
  one.signInAs(await one.addStaff());
  const config = await one.discover('explorer');
  const browser = createTestBrowser();
  const redirect = `${one.url}/explorer/`;
  const ask = async (parameters: Record<string, string> = {}) => {
    const { url } = await authorizationUrl(config, { redirect_uri: redirect, ...parameters });
    return browser.follow(url, redirect);
  };
  expect((await ask()).searchParams.get('code')).toBeTruthy();
  expect((await ask({ prompt: 'none' })).searchParams.get('code')).toBeTruthy();
  browser.cookies.clear();
  expect((await ask({ prompt: 'none' })).searchParams.get('error')).toBe('login_required');
});
