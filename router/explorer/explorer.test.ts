import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { requireChromium } from '@caregraph/testbed/chromium';
import { startStack, type Stack } from '../src/test-stack.ts';
import { visitExplorer } from './explorer-page.ts';

let browser: string;

let stack: Stack;
beforeAll(async () => {
  browser = await requireChromium();
  stack = await startStack({ demoTokens: true });
});
afterAll(() => stack.stop());

const timeline = 'query Timeline { whoami { id } patients { name checkups { systolicMmHg } } }';

describe('the explorer in Chromium', { timeout: 60_000 }, () => {
  test('runs what is typed and shows the answer', async () => {
    const visit = await visitExplorer(stack.url, browser);
    const answer = await visit.runText('Timeline', timeline);
    expect(answer).toMatchObject({ data: { whoami: { id: stack.subject.id } } });
    const shown = await visit.page.locator('.graphiql-response').innerText();
    expect(shown).toContain('Asha');
    expect(visit.complaints).toEqual([]);
    await visit.close();
  });

  test('fills the blanks of an example for whoever is chosen', async () => {
    const visit = await visitExplorer(stack.url, browser);
    await visit.page.getByLabel('Who am I').selectOption({ index: 0 });
    const title = 'Register a person; run it twice: the same verdict, replayed';
    await visit.page.getByLabel('Example').selectOption({ label: title });
    const editor = visit.page.locator('.graphiql-query-editor');
    await editor.getByText(`"${stack.subject.areaRoots[0]}"`).waitFor();
    expect(await editor.innerText()).not.toContain('{{');
    await visit.close();
  });

  test('fits a phone: nothing is wider than the screen', async () => {
    const visit = await visitExplorer(stack.url, browser, { width: 360, height: 740 });
    await visit.runText('Timeline', timeline);
    const width = await visit.page.evaluate(() => document.documentElement.scrollWidth);
    expect(width).toBe(360);
    await visit.close();
  });
});
