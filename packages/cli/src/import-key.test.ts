import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readOrMakeKeys } from '@caregraph/deployment';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findImportKey } from './import-key.ts';
import { makeFullDeploymentKeys } from './keys/full-deployment-keys.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'caregraph-import-key-'));
});
afterEach(() => rm(folder, { recursive: true }));

const url = 'http://127.0.0.1:4000/graphql';
const ours = async () => true;
const another = async () => false;

test('the key that a full deployment was made with is read where the environment names it', async () => {
  await makeFullDeploymentKeys(join(folder, '.env'));
  const file = join(folder, '.env.keys', 'import-key');
  const key = await findImportKey({ url, isOurServer: another }, { IMPORT_KEY_FILE: file });
  expect(key).toHaveLength(32);
  expect(new Set(key).size).toBeGreaterThan(8);
  expect(await findImportKey({ url, file, isOurServer: another }, {})).toEqual(key);
});

test('an embedded deployment has a key of its own, which is for no other server', async () => {
  const environment = { CAREGRAPH_DATA: folder };
  const { importIds } = await readOrMakeKeys(folder);
  expect(await findImportKey({ url, isOurServer: ours }, environment)).toEqual(importIds);
  await expect(findImportKey({ url, isOurServer: another }, environment)).rejects.toThrow(
    /127.0.0.1:4000 .*--key-file/,
  );
  expect(await readdir(folder)).toEqual(['keys.json']);
});

test('a key file that others may read is refused', async () => {
  const file = join(folder, 'import-key');
  await writeFile(file, Buffer.alloc(32, 1).toString('base64'), { mode: 0o600 });
  await chmod(file, 0o640);
  await expect(findImportKey({ url, file, isOurServer: ours }, {})).rejects.toThrow('chmod 600');
});

test.each([
  ['nothing', ''],
  ['a shorter key', Buffer.alloc(16, 1).toString('base64')],
  ['a longer key', Buffer.alloc(33, 1).toString('base64')],
  ['text', 'the key of our imports, thirty-two'],
  ['hexadecimal', Buffer.alloc(32, 1).toString('hex')],
])('a file with %s is no key, and what it holds is not told', async (_what, text) => {
  const file = join(folder, 'import-key');
  await writeFile(file, text, { mode: 0o600 });
  const refused = findImportKey({ url, file, isOurServer: ours }, {});
  await expect(refused).rejects.toThrow(`${file} is not an import key: base64 of 32 bytes`);
});
