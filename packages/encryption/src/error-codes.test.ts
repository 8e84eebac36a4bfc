import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { sealErrorCodes } from './index.ts';

it('README.md explains exactly the codes there are', async () => {
  const readme = await readFile(join(import.meta.dirname, '../README.md'), 'utf8');
  const explained = [...readme.matchAll(/^\| ([A-Z_]{5,}) +\|/gm)].map((match) => match[1]);
  expect(explained).toEqual([...sealErrorCodes]);
});
