import { mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isThere, parseJson, readIfThere, whenMissing } from './index.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'caregraph-files-'));
  await writeFile(join(folder, 'file'), 'text');
  await symlink(join(folder, 'nowhere'), join(folder, 'link'));
});
afterAll(() => rm(folder, { recursive: true }));

test('what is not there is told from what cannot be read', async () => {
  expect(await readIfThere(join(folder, 'file'))).toBe('text');
  expect(await readIfThere(join(folder, 'none'))).toBeUndefined();
  await expect(readIfThere(folder)).rejects.toMatchObject({ code: 'EISDIR' });
  expect(await readdir(join(folder, 'none')).catch(whenMissing([]))).toEqual([]);
  await expect(readdir(join(folder, 'file')).catch(whenMissing([]))).rejects.toThrow('ENOTDIR');
});

test('a link that leads nowhere is there', async () => {
  expect(await isThere(join(folder, 'link'))).toBe(true);
  expect(await isThere(join(folder, 'none'))).toBe(false);
  await expect(isThere(join(folder, 'file', 'x'))).rejects.toThrow('ENOTDIR');
});

test('what is no JSON is undefined, and is not quoted', () => {
  expect(parseJson('{"a":1}')).toEqual({ a: 1 });
  expect(parseJson('{"secret')).toBeUndefined();
  expect(parseJson('null')).toBeNull();
});
