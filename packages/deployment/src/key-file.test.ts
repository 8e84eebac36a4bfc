import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readOrMakeKeys, refuseLostKeys } from './key-file.ts';

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

test.each([join('postgres', 'cluster', 'PG_VERSION'), 'kek.json', 'erasure-list.json'])(
  'keys that are lost are not made anew over %s',
  async (name) => {
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, '');
    const words = `${join(folder, 'keys.json')} is missing: restore it`;
    await expect(readOrMakeKeys(folder)).rejects.toThrow(words);
    await expect(refuseLostKeys(folder)).rejects.toThrow(words);
    expect(await readdir(folder)).not.toContain('keys.json');
  },
);

test('a first start that was killed before it had made its cluster is begun anew', async () => {
  await mkdir(join(folder, 'postgres', 'cluster.partial-1'), { recursive: true });
  await refuseLostKeys(folder);
  const made = await readOrMakeKeys(folder);
  await mkdir(join(folder, 'postgres', 'cluster'));
  await refuseLostKeys(folder);
  expect(await readOrMakeKeys(folder)).toEqual(made);
});

test('of several first starts at once all go on with the same keys', async () => {
  const start = async () => {
    const { tokenSigning } = await readOrMakeKeys(folder);
    await mkdir(join(folder, 'postgres', 'cluster'), { recursive: true });
    return tokenSigning.keyId;
  };
  expect(new Set(await Promise.all([start(), start(), start(), start()])).size).toBe(1);
});
