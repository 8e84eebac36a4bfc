import { join } from 'node:path';
import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '@caregraph/testbed';
import { requireChromium } from '@caregraph/testbed/chromium';
import { visitExplorer, type ExplorerVisit } from '../explorer/explorer-page.ts';
import { startJourney, type JourneyStack } from './test-stack.ts';

/** A developer signs in to the explorer as themselves, through the real provider. */

let browser: string;
const phone = { width: 360, height: 740 };
const username = 'health-worker-1';
const me = 'query Mine { me { name role } }';

let stack: JourneyStack;
let password: string;
beforeAll(async () => {
  browser = await requireChromium();
  stack = await startJourney({ households: 1, signInPort: await freePort() });
  const { staffId } = stack.actor(username);
  const made = await stack.deployment.identity?.accounts?.addDemoAccount({
    ...{ staffId, username, hasSecondFactor: false },
  });
  password = made?.password ?? '';
});
afterAll(() => stack.stop());

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });

/** From the explorer to the provider's page and back. */
async function signIn(page: Page): Promise<void> {
  await button(page, 'Sign in').click();
  await page.waitForURL(/\/identity\/interaction\//);
  await page.fill('#username', username);
  await page.fill('#password', password);
  await page.keyboard.press('Enter');
  await button(page, 'Sign out').waitFor();
}

async function shoot({ page }: ExplorerVisit, name: string): Promise<void> {
  const shots = process.env['SHOTS'];
  if (shots) await page.screenshot({ path: join(shots, `${name}.png`) });
}

/** What axe says against the bar; the rest of the page is GraphiQL's. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  return page.evaluate(async () => {
    const runner = (globalThis as unknown as { axe: typeof axe }).axe;
    const { violations: all } = await runner.run('.bar');
    return all.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
  });
}

describe('signing in to the explorer', { timeout: 90_000 }, () => {
  test('asks the graph as the person who signed in, and keeps the token to itself', async () => {
    const visit = await visitExplorer(stack.url, browser, { width: 1280, height: 900 });
    const { page } = visit;
    const addresses: string[] = [];
    const schemes = new Set<string | undefined>();
    page.on('request', (request) => {
      addresses.push(request.url());
      if (!request.url().endsWith('/graphql')) return;
      schemes.add(request.headers()['authorization']?.split(' ')[0]);
    });
    await shoot(visit, 'before');
    expect(await violations(page)).toEqual([]);
    await signIn(page);
    await page.locator('.graphiql-query-editor .CodeMirror').waitFor();
    schemes.clear();
    const answer = await visit.runText('Mine', me);
    const name = expect.stringMatching(/\S/);
    expect(answer).toEqual({ data: { me: { name, role: 'HEALTH_WORKER' } } });
    const shown = (answer as { data: { me: { name: string } } }).data.me.name;
    const who = page.getByLabel('Who am I').locator('option:checked');
    expect(await who.innerText()).toBe(`${shown}, health worker`);
    expect([...schemes]).toEqual(['DPoP']);

    expect(page.url()).toBe(`${stack.url}/explorer/`);
    expect(addresses.filter((one) => /eyJ|token=|verifier=/.test(one))).toEqual([]);
    const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, sessionStorage]));
    expect(kept).not.toMatch(/eyJ|verifier|caregraph/);
    expect(await violations(page)).toEqual([]);
    await shoot(visit, 'signed-in');
    expect(visit.complaints).toEqual([]);
    await visit.close();
  });

  test('fits a phone', async () => {
    const visit = await visitExplorer(stack.url, browser, phone);
    const width = () => visit.page.evaluate<number>('document.documentElement.scrollWidth');
    expect(await width()).toBe(360);
    await shoot(visit, 'phone-before');
    await signIn(visit.page);
    await visit.page.locator('.graphiql-query-editor .CodeMirror').waitFor();
    await visit.runText('Mine', me);
    expect(await width()).toBe(360);
    await shoot(visit, 'phone-signed-in');
    await visit.close();
  });

  test('signing out ends the session: the next one has to say who they are', async () => {
    const visit = await visitExplorer(stack.url, browser);
    const { page } = visit;
    await signIn(page);
    await button(page, 'Sign out').click();
    await page.waitForURL(/\/identity\//);
    await shoot(visit, 'sign-out');
    await page.locator('button[name=logout]').click();
    await page.waitForURL(`${stack.url}/explorer/**`);
    await button(page, 'Sign in').click();
    await page.locator('#password').waitFor();
    await visit.close();
  });

  test('a session that lasts is enough after a reload', async () => {
    const visit = await visitExplorer(stack.url, browser);
    const { page } = visit;
    await signIn(page);
    await page.reload();
    await button(page, 'Sign in').click();
    await button(page, 'Sign out').waitFor();
    await visit.close();
  });

  test.each([
    ['an answer that this page did not ask for', 'code=stolen&state=guess', 'did not begin here'],
    ['a refusal that it did not ask for', 'error=access_denied&state=guess', 'did not begin here'],
  ])('%s is not taken', async (_what, answer, words) => {
    const visit = await visitExplorer(stack.url, browser);
    const { page } = visit;
    await page.goto(`${stack.url}/explorer/?${answer}`);
    await page.getByRole('status').getByText(words).waitFor();
    expect(page.url()).toBe(`${stack.url}/explorer/`);
    expect(await button(page, 'Sign out').count()).toBe(0);
    await shoot(visit, 'refused');
    await visit.close();
  });

  test('an answer to another question of this tab is not taken', async () => {
    const visit = await visitExplorer(stack.url, browser);
    const { page } = visit;
    await button(page, 'Sign in').click();
    await page.waitForURL(/\/identity\/interaction\//);
    const issuer = encodeURIComponent(`${stack.url}/identity`);
    await page.goto(`${stack.url}/explorer/?code=stolen&state=guess&iss=${issuer}`);
    await page.getByRole('status').getByText('did not succeed').waitFor();
    await visit.close();
  });
});
