import { mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import axe from 'axe-core';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '@caregraph/clock';
import { requireChromium } from '@caregraph/testbed/chromium';
import { totpCode, totpStep } from '../account/totp.ts';
import { startSignIn, type SignInRig } from './test-sign-in.ts';
import { languages, translations, type Language } from './translation.ts';

const args = ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-sync'];
const phone = { width: 360, height: 740 };
const password = 'lantern orbit teapot 9';

let rig: SignInRig;
let browser: Browser;
let folder: string;
beforeAll(async () => {
  const executablePath = await requireChromium();
  folder = process.env['SIGN_IN_SHOTS'] ?? (await mkdtemp(join(tmpdir(), 'sign-in-')));
  await mkdir(folder, { recursive: true });
  rig = await startSignIn();
  browser = await chromium.launch({ executablePath, args });
});
afterAll(async () => {
  await browser.close();
  await rig.stop();
});

/** A page as a phone has it; without scripts unless axe has to run in it. */
async function openPhone(options: { language?: Language; dark?: boolean; scripts?: boolean } = {}) {
  const context = await browser.newContext({
    viewport: phone,
    locale: options.language ?? 'en',
    colorScheme: options.dark ? 'dark' : 'light',
    javaScriptEnabled: options.scripts ?? false,
  });
  return context.newPage();
}

const secretOf = async (page: Page) => {
  const text = (await page.locator('.secret').innerText()).replaceAll(' ', '');
  const bits = [...text].map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter));
  const joined = bits.map((value) => value.toString(2).padStart(5, '0')).join('');
  return Uint8Array.from(joined.match(/.{8}/g) ?? [], (byte) => parseInt(byte, 2));
};
const codeOf = (secret: Uint8Array) => totpCode(secret, totpStep(systemClock.now()));

/** Types where the page has put the focus: keys that come before it are lost, as a person's are not. */
async function typeIn(page: Page, field: string, text: string): Promise<void> {
  await page.locator(`#${field}:focus`).waitFor();
  await page.keyboard.type(text);
}

/** Walks with Tab until the element of this name has the focus. */
async function tabTo(page: Page, selector: string): Promise<void> {
  for (let steps = 0; steps < 12; steps += 1) {
    if ((await page.locator(`${selector}:focus`).count()) === 1) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`the keyboard does not reach ${selector}`);
}

describe('in Chromium', { timeout: 120_000 }, () => {
  test('a clinician signs in with the keyboard only, without scripts', async () => {
    await rig.addPerson('anand', 'clinician', password);
    const page = await openPhone();
    await page.goto(`${rig.url}/identity/interaction/keys`);
    await typeIn(page, 'username', 'anand');
    await page.keyboard.press('Tab');
    await typeIn(page, 'password', 'wrong password');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').waitFor();
    expect(await page.title()).toContain('Error');
    await typeIn(page, 'password', password);
    await page.keyboard.press('Enter');
    const secret = await secretOf(page);
    await typeIn(page, 'code', codeOf(secret));
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Keep these recovery codes' }).waitFor();
    await tabTo(page, 'button');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Signed in' }).waitFor();
    expect(rig.finished.at(-1)?.amr).toEqual(['pwd', 'otp', 'mfa']);
    await page.context().close();
  });

  test.each(languages)('the pages in %s', async (language) => {
    const t = translations[language];
    const page = await openPhone({ language, scripts: true });
    const complaints: string[] = [];
    // Screenshots and axe put styles of their own into a page, which its policy refuses.
    let isProbing = false;
    page.on('console', (message) => {
      if (!isProbing) complaints.push(message.text());
    });
    const seen = async (name: string) => {
      isProbing = true;
      const size = {
        width: await page.evaluate<number>('document.documentElement.scrollWidth'),
        direction: await page.locator('html').getAttribute('dir'),
      };
      expect({ name, ...size }).toEqual({ name, width: 360, direction: t.direction });
      await page.screenshot({ path: join(folder, `${language}-${name}.png`), fullPage: true });
      expect(await violations(page), name).toEqual([]);
      isProbing = false;
    };
    const username = `person.${language}`;
    const staffId = await rig.addPerson(username, 'clinician');
    const { token } = await rig.signIn.accounts.enrolmentLink(staffId, 'ENROL');

    await page.goto(`${rig.url}/identity/enrol/${token}`);
    await seen('enrol');
    await page.fill('#new_password', 'password1234');
    await page.fill('#new_password_repeat', 'password1234');
    await page.keyboard.press('Enter');
    await page.locator('#new_password-error').waitFor();
    await seen('enrol-refused');
    await page.fill('#new_password', password);
    await page.fill('#new_password_repeat', password);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: t.setupTitle }).waitFor();
    await seen('setup');
    const secret = await secretOf(page);
    await page.fill('#code', '123');
    await page.keyboard.press('Enter');
    await page.locator('#code-error').waitFor();
    await seen('setup-refused');
    await page.fill('#code', codeOf(secret));
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: t.codesTitle }).waitFor();
    await seen('codes');
    await page.getByRole('button', { name: t.codesKept }).click();
    await page.getByRole('heading', { name: t.enrolledTitle }).waitFor();
    await seen('ready');

    await page.goto(`${rig.url}/identity/interaction/shots`);
    await seen('sign-in');
    await page.fill('#username', username);
    await page.fill('#password', 'no');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').waitFor();
    await seen('sign-in-refused');
    await page.fill('#password', password);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: t.codeTitle }).waitFor();
    await seen('code');
    await page.fill('#code', '000000');
    await page.keyboard.press('Enter');
    await page.locator('#code-error').waitFor();
    await seen('code-refused');
    await page.getByRole('link', { name: t.codeNoPhone }).click();
    await page.getByRole('heading', { name: t.recoveryTitle }).waitFor();
    await seen('recovery');

    await page.goto(`${rig.url}/identity/password`);
    await seen('password');
    await page.goto(`${rig.url}/identity/enrol/none`);
    await seen('link-gone');
    expect(
      complaints.filter((line) => !/Failed to load resource|Multiple forms/.test(line)),
    ).toEqual([]);
    await page.context().close();
  });

  test('the language is switched by a link and kept', async () => {
    const page = await openPhone();
    await page.goto(`${rig.url}/identity/interaction/switch`);
    await page.getByRole('link', { name: 'العربية' }).click();
    await page.getByRole('heading', { name: translations.ar.signInTitle }).waitFor();
    await page.goto(`${rig.url}/identity/password`);
    await page.getByRole('heading', { name: translations.ar.changeTitle }).waitFor();
    await page.context().close();
  });

  test('in the dark', async () => {
    const page = await openPhone({ dark: true, scripts: true });
    await page.goto(`${rig.url}/identity/interaction/dark`);
    await page.fill('#username', 'x');
    await page.keyboard.press('Enter');
    await page.locator('#password-error').waitFor();
    await page.screenshot({ path: join(folder, 'dark-sign-in.png'), fullPage: true });
    expect(await violations(page)).toEqual([]);
    await page.context().close();
  });
});

async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const found = await page.evaluate(async () => {
    const runner = (globalThis as unknown as { axe: typeof axe }).axe;
    const { violations: all } = await runner.run();
    return all.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
  });
  return found;
}
