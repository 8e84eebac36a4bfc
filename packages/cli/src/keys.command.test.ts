import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';

/** `caregraph keys` where there is no deployment. */

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'caregraph-keys-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function caregraph(...args: readonly string[]) {
  const command = [join(import.meta.dirname, 'main.ts'), ...args];
  const child = spawn(process.execPath, command, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: process.env['PATH'], CAREGRAPH_DATA: join(folder, 'mistyped') },
  });
  const [errors, code] = await Promise.all([
    text(child.stderr),
    new Promise((done) => child.on('close', done)),
  ]);
  return { code, errors };
}

test.each([
  ['status'],
  ['maintain'],
  ['seal-existing'],
  ['rotate', 'kek'],
  ['rotate', 'data-key', '01900000-0000-7000-8000-000000000000'],
])('no deployment is made where there is none: keys %s', async (...args) => {
  const { code, errors } = await caregraph('keys', ...args);
  expect(code).toBe(1);
  expect(errors).toContain(`There is no embedded deployment in ${join(folder, 'mistyped')}`);
  expect(await readdir(folder)).toEqual([]);
});
