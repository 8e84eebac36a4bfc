import { mkdir, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createFile, replaceFile } from './index.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'caregraph-files-'));
  path = join(folder, 'file');
});
afterEach(() => rm(folder, { recursive: true }));

test('of many who make one file, one wins, and it is whole', async () => {
  const texts = Array.from({ length: 20 }, (_, n) => String(n).repeat(100_000));
  const made = await Promise.all(texts.map((text) => createFile(path, text, 0o600)));
  expect(made.filter(Boolean)).toHaveLength(1);
  expect(await readFile(path, 'utf8')).toBe(texts[made.indexOf(true)]);
  expect(await createFile(path, 'late', 0o600)).toBe(false);
  expect(await readdir(folder)).toEqual(['file']);
});

test('a reader never meets half of what is replaced', async () => {
  const texts = ['a', 'b'].map((letter) => letter.repeat(1_000_000));
  await replaceFile(path, texts[0] ?? '', 0o644);
  const writing = (async () => {
    for (let n = 1; n <= 20; n += 1) await replaceFile(path, texts[n % 2] ?? '', 0o644);
  })();
  for (let n = 0; n < 20; n += 1) {
    const read = await readFile(path, 'utf8');
    expect(texts.some((text) => text === read)).toBe(true);
  }
  await writing;
  expect(await readdir(folder)).toEqual(['file']);
});

test.each([0o600, 0o644] as const)('the mode is %i, whatever the umask', async (mode) => {
  const umask = process.umask(0o077);
  try {
    await replaceFile(path, 'text', mode);
  } finally {
    process.umask(umask);
  }
  expect((await stat(path)).mode & 0o777).toBe(mode);
});

test('what cannot be put in place leaves nothing behind', async () => {
  await mkdir(path);
  await expect(replaceFile(path, 'text', 0o600)).rejects.toThrow('EISDIR');
  await expect(createFile(join(path, 'in', 'none'), 'text', 0o600)).rejects.toThrow('ENOENT');
  expect(await readdir(folder)).toEqual(['file']);
});
