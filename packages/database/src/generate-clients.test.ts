import { appendFile, copyFile, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { wardInside } from './fixtures/ward-client.ts';
import { generateClient } from './generate-clients.ts';
import type { StoreFiles } from './migrations/store-files.ts';

const cleanups: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

async function ward(): Promise<StoreFiles> {
  const store = await wardInside('generate');
  cleanups.push(() => store.remove());
  return store;
}

describe('generateClient', () => {
  it('writes a client, and again only when the schema or the client changed', async () => {
    const store = await ward();
    const output = join(store.directory, 'generated');
    const generate = async (): Promise<string> => (await generateClient(store, output)).outcome;
    expect(await generate()).toBe('generated');
    const client = join(output, 'prisma', 'client.ts');
    expect(await readFile(client, 'utf8')).toContain('@ts-nocheck');
    expect(await generate()).toBe('unchanged');
    await appendFile(join(store.directory, 'schema', 'bed.prisma'), '// a remark\n');
    expect(await generate()).toBe('generated');
    await rm(client);
    expect(await generate()).toBe('generated');
  });

  it('repeats what Prisma says about a wrong schema, and does not call it done', async () => {
    const store = await ward();
    const output = join(store.directory, 'generated');
    const path = join(store.directory, 'schema', 'bed.prisma');
    const right = `${path}.right`;
    await copyFile(path, right);
    await appendFile(path, 'model Broken { id Number @id }\n');
    await expect(generateClient(store, output)).rejects.toMatchObject({
      code: 'PRISMA_GENERATE_FAILED',
      message: expect.stringContaining('Number') as string,
    });
    await copyFile(right, path);
    expect((await generateClient(store, output)).outcome).toBe('generated');
  });
});
