import axe from 'axe-core';
import { chromium, type Browser, type Page } from 'playwright-core';
import * as client from 'openid-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { requireChromium } from '@caregraph/testbed/chromium';
import { createSignIn } from './sign-in/index.ts';
import { languages, translations } from './sign-in/translation.ts';
import { startTestIdentity, type TestIdentity } from './test-identity.ts';

/** The pages that the provider asks for: devices, signing out, and what went wrong. */
const args = ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-sync'];
const phone = { width: 360, height: 740 };
const password = 'lantern orbit teapot 9';

let one: TestIdentity;
let browser: Browser;
beforeAll(async () => {
  const executablePath = await requireChromium();
  one = await startTestIdentity({ signIn: createSignIn });
  const staffId = one.ids.next();
  one.institution.staff.set(staffId, { role: 'HEALTH_WORKER', version: 1, dismissed: false });
  await one.identity.accounts?.createAccount({ staffId, username: 'asha' });
  const link = await one.identity.accounts?.enrolmentLink(staffId, 'ENROL');
  await one.identity.accounts?.enrolment.useLink(link?.token ?? '', password);
  browser = await chromium.launch({ executablePath, args });
});
afterAll(async () => {
  await browser.close();
  await one.stop();
});

async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  return page.evaluate(async () => {
    const runner = (globalThis as unknown as { axe: typeof axe }).axe;
    const { violations: all } = await runner.run();
    return all.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
  });
}

describe('in Chromium', { timeout: 120_000 }, () => {
  test.each(languages)('the provider’s pages in %s', async (language) => {
    const t = translations[language];
    // One address may type a few codes at once; every language has its own hour.
    one.clock.advance(3_600_000);
    const context = await browser.newContext({ viewport: phone, locale: language });
    const page = await context.newPage();
    const complaints: string[] = [];
    let isProbing = false;
    page.on('console', (message) => {
      // What axe puts into a page is refused by the page's own policy.
      if (!isProbing) complaints.push(message.text());
    });
    const seen = async (name: string, title: string) => {
      await page.getByRole('heading', { name: title }).waitFor();
      isProbing = true;
      const width = await page.evaluate<number>('document.documentElement.scrollWidth');
      const direction = await page.locator('html').getAttribute('dir');
      expect({ name, width, direction }).toEqual({ name, width: 360, direction: t.direction });
      expect(await violations(page), name).toEqual([]);
      isProbing = false;
    };
    const config = await one.discover('caregraph-cli');
    const device = await client.initiateDeviceAuthorization(config, {});
    await page.goto(device.verification_uri);
    await seen('device', t.deviceTitle);
    await page.fill('#user_code', 'BCDF-GHJK');
    await page.keyboard.press('Enter');
    await page.locator('#user_code-error').waitFor();
    await seen('device-refused', t.deviceTitle);
    await page.fill('#user_code', device.user_code.toLowerCase());
    await page.keyboard.press('Enter');
    await seen('device-confirm', t.deviceConfirmTitle);
    await page.getByRole('button', { name: t.deviceYes }).click();
    await page.fill('#username', 'asha');
    await page.fill('#password', password);
    await page.keyboard.press('Enter');
    await seen('device-done', t.deviceDoneTitle);

    await page.goto(`${one.issuer}/session/end`);
    await seen('sign-out', t.signOutTitle);
    await page.getByRole('button', { name: t.signOutYes }).click();
    await seen('signed-out', t.signedOutTitle);
    await page.goto(`${one.issuer}/session/end`);
    await seen('sign-out-again', t.signOutTitle);
    await page.goto(`${one.issuer}/auth?client_id=none`);
    await seen('error', t.errorHeading);
    expect(complaints.filter((line) => !line.includes('Failed to load resource'))).toEqual([]);
    await context.close();
  });
});
