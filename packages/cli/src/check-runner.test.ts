import { expect, it } from 'vitest';
import { findingStep, programStep, runSteps, type Step } from './check-runner.ts';

async function printed(steps: readonly Step[]): Promise<{ passed: boolean; text: string }> {
  const lines: string[] = [];
  const passed = await runSteps(steps, 2, (line) => lines.push(line));
  return { passed, text: lines.join('\n') };
}

it('passes when every step does, and shows nothing of what they print', async () => {
  const quiet = programStep('quiet', 'node', ['-e', 'console.log("chatter")']);
  const { passed, text } = await printed([quiet, findingStep('empty', async () => [])]);
  expect(passed).toBe(true);
  expect(text).not.toContain('chatter');
  expect(text).toContain('2 of 2 checks passed');
});

it('fails with the words of what failed: exit code, findings, a fault and a missing program', async () => {
  const { passed, text } = await printed([
    programStep('exits', 'node', ['-e', 'console.error("broken types"); process.exit(2)']),
    findingStep('finds', async () => ['a.ts: too long']),
    findingStep('throws', () => Promise.reject(new Error('no git here'))),
    programStep('missing', 'no-such-program-anywhere', []),
    findingStep('passes', async () => []),
  ]);
  expect(passed).toBe(false);
  for (const word of ['broken types', 'a.ts: too long', 'no git here', 'ENOENT']) {
    expect(text).toContain(word);
  }
  expect(text).toContain('1 of 5 checks passed');
});

it('runs no more than two steps at once', async () => {
  let running = 0;
  let most = 0;
  const step = (name: string): Step => ({
    name,
    async run() {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      return { ok: true, output: '' };
    },
  });
  await printed(['a', 'b', 'c', 'd', 'e'].map(step));
  expect(most).toBe(2);
});
