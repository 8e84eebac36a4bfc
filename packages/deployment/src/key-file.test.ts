import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readOrMakeKeys } from './key-file.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'caregraph-keys-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('keys are made once, for their owner alone, and read again as they were', async () => {
  const made = await readOrMakeKeys(folder);
  expect((await stat(join(folder, 'keys.json'))).mode & 0o777).toBe(0o600);
  expect(await readOrMakeKeys(folder)).toEqual(made);
});

test('nobody else may write to the directory', async () => {
  await chmod(folder, 0o775);
  await readOrMakeKeys(folder);
  expect((await stat(folder)).mode & 0o777).toBe(0o755);
});

test('a key file that others may read is refused', async () => {
  await readOrMakeKeys(folder);
  await chmod(join(folder, 'keys.json'), 0o644);
  await expect(readOrMakeKeys(folder)).rejects.toThrow('chmod 600');
});

test('a damaged key file is refused and left as it is', async () => {
  const path = join(folder, 'keys.json');
  await writeFile(path, '{"tokenSigning":', { mode: 0o600 });
  await expect(readOrMakeKeys(folder)).rejects.toThrow('damaged');
  expect(await readFile(path, 'utf8')).toBe('{"tokenSigning":');
});

test('a key file of an older deployment gets what it lacks, and keeps the rest', async () => {
  const path = join(folder, 'keys.json');
  await readOrMakeKeys(folder);
  const made = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
  const { breakGlass: _first, documentSigning: _then, importIds: _last, ...older } = made;
  await writeFile(path, JSON.stringify(older), { mode: 0o600 });
  const read = await readOrMakeKeys(folder);
  expect(read.breakGlass.privateJwk.d).toBeDefined();
  expect(read.documentSigning.privateJwk.d).toBeDefined();
  expect(read.importIds).toHaveLength(32);
  expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject(older);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readOrMakeKeys(folder)).toEqual(read);
});
