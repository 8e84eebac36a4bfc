import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';

/** How the command line tells what went wrong. */

async function caregraph(args: readonly string[], over: Readonly<Record<string, string>> = {}) {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts'), ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: process.env['PATH'], CAREGRAPH_DATA: '/nowhere/caregraph', ...over },
  });
  const [errors, code] = await Promise.all([
    text(child.stderr),
    new Promise((done) => child.on('close', done)),
  ]);
  return { code, errors };
}

test.each([
  [['keys', 'status', '--nope'], 'unknown option'],
  [['patient', 'erase', 'Rehana', '--reason', 'BORED'], 'UUIDv7'],
  [['migrate', 'nope'], 'no such store'],
])('an error of usage names the help: %s', async (args, words) => {
  const { code, errors } = await caregraph(args);
  expect(code).toBe(1);
  expect(errors).toContain(words);
  expect(errors).toContain('(add --help for what it takes)');
});

test.each([
  [['start'], { PORT: 'many' }, 'The configuration is not right.\nPORT: '],
  [['patient', 'erasures'], {}, 'There is no embedded deployment'],
  [['keys', 'status'], {}, 'There is no embedded deployment'],
])('what goes wrong in the work does not: %s', async (args, over, words) => {
  const { code, errors } = await caregraph(args, over);
  expect(code).toBe(1);
  expect(errors).toContain(`caregraph: ${words}`);
  expect(errors).not.toContain('--help');
});
