import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readPassphrase } from './passphrase-file.ts';

const passphrase = 'correct horse battery staple';

let directory: string;
let path: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'caregraph-passphrase-'));
  path = join(directory, 'passphrase');
  await writeFile(path, `${passphrase}\n`, { mode: 0o600 });
});
afterEach(() => rm(directory, { recursive: true }));

const refused = (explanation: RegExp) =>
  expect.objectContaining({
    code: 'KEY_SERVICE_MISCONFIGURED',
    message: expect.stringMatching(explanation) as string,
  });

it.each(['', '\n', '\r\n'])('ends before a line break: %j', async (ending) => {
  await writeFile(path, passphrase + ending);
  expect(await readPassphrase(path)).toBe(passphrase);
});

it('that is short is refused, and not shown', async () => {
  await writeFile(path, 'fourteen chars\n');
  await expect(readPassphrase(path)).rejects.toEqual(refused(/fewer than 15 characters/));
  await expect(readPassphrase(path)).rejects.not.toEqual(refused(/fourteen/));
});

it('that is not there is said', async () => {
  await rm(path);
  await expect(readPassphrase(path)).rejects.toEqual(refused(/cannot be read/));
});

it.each([0o604, 0o602, 0o620, 0o644, 0o755])(
  'that others may read or change is refused: mode %o',
  async (mode) => {
    await chmod(path, mode);
    await expect(readPassphrase(path)).rejects.toEqual(refused(/chmod g-w,o-rwx /));
  },
);

it.each([0o400, 0o600, 0o440, 0o640])('may be of mode %o', async (mode) => {
  await chmod(path, mode);
  expect(await readPassphrase(path)).toBe(passphrase);
});

it('may lie behind links, as Kubernetes mounts it', async () => {
  await mkdir(join(directory, '..data'));
  await rename(path, join(directory, '..data', 'passphrase'));
  await symlink(join('..data', 'passphrase'), path);
  expect(await readPassphrase(path)).toBe(passphrase);
});

it('is not waited for at a pipe', async () => {
  await rm(path);
  await promisify(execFile)('mkfifo', ['-m', '600', path]);
  await expect(readPassphrase(path)).rejects.toEqual(refused(/not an ordinary file/));
});
