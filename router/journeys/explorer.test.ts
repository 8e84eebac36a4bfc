import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { requireChromium } from '@caregraph/testbed/chromium';
import { visitExplorer } from '../explorer/explorer-page.ts';
import { startJourney, type JourneyStack } from './test-stack.ts';

/** The explorer over the real stack, as a developer meets it. */

let browser: string;
let stack: JourneyStack;
beforeAll(async () => {
  browser = await requireChromium();
  stack = await startJourney({ households: 6 });
});
afterAll(() => stack.stop());

describe('the explorer', { timeout: 90_000 }, () => {
  test('shows a clinician one answer from all five subgraphs', async () => {
    await stack.settle();
    const visit = await visitExplorer(stack.url, browser, { width: 1280, height: 900 });
    const label = `Clinician · ${stack.actor('clinician-1').label}`;
    const answer = await visit.runExample(label, 'One question to all five subgraphs');
    expect(answer).not.toHaveProperty('errors');
    const text = expect.stringMatching(/\S/);
    expect(answer).toMatchObject({
      data: {
        prescriptions: {
          edges: expect.arrayContaining([
            {
              node: {
                state: text,
                items: expect.arrayContaining([expect.objectContaining({ instructions: text })]),
                prescriber: { name: text, institution: { name: text } },
                checkup: expect.objectContaining({ occurredAt: text, visitType: text }),
                patient: {
                  name: text,
                  birthDate: text,
                  area: { name: text },
                  accessHistory: {
                    edges: expect.arrayContaining([
                      { node: expect.objectContaining({ purpose: text, actor: { name: text } }) },
                    ]),
                  },
                },
              },
            },
          ]),
        },
      },
    });
    const shots = process.env['SHOTS'];
    if (shots) await visit.page.screenshot({ path: join(shots, 'whole-record.png') });

    // What is on the screen, of each subgraph one thing; the pane draws only what is in view.
    const pane = visit.page.locator('.graphiql-response');
    await pane.locator('.CodeMirror-scroll').hover();
    const shown = new Set<string>();
    const wanted = ['medicine', 'institution', 'occurredAt', 'birthDate', 'purpose'];
    await expect
      .poll(
        async () => {
          const text = await pane.innerText();
          for (const word of wanted) if (text.includes(`"${word}"`)) shown.add(word);
          await visit.page.mouse.wheel(0, 400);
          return wanted.filter((word) => !shown.has(word));
        },
        { timeout: 20_000 },
      )
      .toEqual([]);
    expect(visit.complaints).toEqual([]);
    await visit.close();
  });

  test('says what a role may not see, in the words of the graph', async () => {
    const visit = await visitExplorer(stack.url, browser);
    const { label } = stack.actor('auditor');
    await visit.page.getByLabel('Who am I').selectOption({ label });
    const answer = await visit.runText('Peek', 'query Peek { patients { edges { cursor } } }');
    expect(answer).toMatchObject({ errors: [{ extensions: { code: 'FORBIDDEN' } }] });
    const shown = await visit.page.locator('.graphiql-response').innerText();
    expect(shown).toContain('Your role does not permit this.');
    await visit.close();
  });
});
