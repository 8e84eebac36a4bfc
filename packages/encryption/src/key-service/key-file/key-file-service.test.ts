import { randomBytes } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createKeyFileService, makeKeyFile } from './key-file-service.ts';
import { context, createKeyFileBed, fault, type Versions } from './test-key-file-bed.ts';

const bed = createKeyFileBed();

describe('a damaged key file is never replaced', () => {
  const flip = (text: string) => (text.startsWith('A') ? 'B' : 'A') + text.slice(1);
  it.each<[string, (file: Record<string, unknown>) => void, RegExp]>([
    ['another format', (file) => (file['format'] = 'caregraph-key-file/2'), /damaged/],
    ['an unknown field', (file) => (file['extra'] = true), /damaged/],
    ['no versions', (file) => (file['versions'] = []), /damaged/],
    [
      'a flipped bit in a key',
      (file) => {
        const [first] = file['versions'] as Versions;
        if (first) first.key = flip(first.key);
      },
      /version 1 is damaged/,
    ],
    [
      'a short key',
      (file) => {
        const [first] = file['versions'] as Versions;
        if (first) first.key = first.key.slice(0, 40);
      },
      /version 1 is damaged/,
    ],
    [
      'a missing version',
      (file) => (file['versions'] as Versions).splice(1, 1),
      /version 3 is dam/,
    ],
    [
      'a version twice',
      (file) => {
        const versions = file['versions'] as Versions;
        versions.push(...versions.slice(2));
      },
      /version 3 is damaged/,
    ],
  ])('%s', async (_name, change, explanation) => {
    const service = await createKeyFileService({ path: bed.path, makeIfMissing: true });
    await service.rotate();
    await service.rotate();
    await service.close();
    await bed.edit(change);
    const before = await readFile(bed.path, 'utf8');
    const opened = createKeyFileService({ path: bed.path, makeIfMissing: true });
    await expect(opened).rejects.toEqual(fault(explanation));
    expect(await readFile(bed.path, 'utf8')).toBe(before);
  });

  it.each(['', '{', 'null', '\0'.repeat(100)])('the text %j', async (text) => {
    await writeFile(bed.path, text, { mode: 0o600 });
    await expect(createKeyFileService({ path: bed.path, makeIfMissing: true })).rejects.toEqual(
      fault(/damaged/),
    );
    expect(await readFile(bed.path, 'utf8')).toBe(text);
  });

  it('and its error does not show what is in it', async () => {
    await makeKeyFile({ path: bed.path });
    const [version] = await bed.versionsIn();
    const text = await readFile(bed.path, 'utf8');
    await writeFile(bed.path, text.slice(0, -3));
    const error: unknown = await bed.open().catch((caught: unknown) => caught);
    expect(JSON.stringify([error, String(error)])).not.toContain(version?.key);
  });
});

describe('a process that runs follows the file', () => {
  it('refuses an older copy, which has lost a version', async () => {
    await makeKeyFile({ path: bed.path });
    const older = await readFile(bed.path, 'utf8');
    const service = await bed.open();
    await service.rotate();
    await writeFile(bed.path, older);
    const request = { key: randomBytes(32), context };
    await expect(service.wrapMany([request])).rejects.toEqual(fault(/lost versions/));
    await expect(service.rotate()).rejects.toEqual(fault(/lost versions/));
  });

  it('refuses another key under the same version', async () => {
    await makeKeyFile({ path: bed.path });
    const service = await bed.open();
    const mine = bed.path;
    bed.path = join(bed.directory, 'other.json');
    await makeKeyFile({ path: bed.path });
    await rename(bed.path, mine);
    const request = { key: randomBytes(32), context };
    await expect(service.wrapMany([request])).rejects.toEqual(fault(/not the key that it was/));
  });

  it('stops when the file is gone, and goes on when it is back', async () => {
    await makeKeyFile({ path: bed.path });
    const service = await bed.open();
    const [wrapped] = await service.wrapMany([{ key: randomBytes(32), context }]);
    await rename(bed.path, `${bed.path}.away`);
    await expect(service.currentVersion()).rejects.toEqual(fault(/no such file/));
    await rename(`${bed.path}.away`, bed.path);
    const request = { kekVersion: 1, wrapped: wrapped?.wrapped ?? randomBytes(65), context };
    expect(await service.unwrapMany([request])).toHaveLength(1);
  });

  it('retired versions are no longer in the file', async () => {
    const service = await createKeyFileService({ path: bed.path, makeIfMissing: true });
    const [first] = await bed.versionsIn();
    await service.rotate();
    await service.retireBelow(2);
    expect(await readFile(bed.path, 'utf8')).not.toContain(first?.key);
    expect((await bed.versionsIn()).map(({ version }) => version)).toEqual([2]);
  });
});

describe('a key file with a passphrase', () => {
  const passphrase = 'correct horse battery staple';

  it('shows no key, and works as one without', async () => {
    const service = await createKeyFileService({ path: bed.path, passphrase, makeIfMissing: true });
    const key = randomBytes(32);
    const [old] = await service.wrapMany([{ key, context }]);
    expect(await service.rotate()).toBe(2);
    const other = await bed.open(passphrase);
    const [opened] = await other.unwrapMany([
      { kekVersion: 1, wrapped: old?.wrapped ?? key, context },
    ]);
    expect(Buffer.from(opened ?? [])).toEqual(key);
    const file = JSON.parse(await readFile(bed.path, 'utf8')) as object;
    expect(Object.keys(file)).toEqual(['format', 'passphrase', 'sealed']);
    expect(await other.retireBelow(2)).toBe(true);
    expect(await service.currentVersion()).toBe(2);
  });

  it('opens with its passphrase alone', async () => {
    await makeKeyFile({ path: bed.path, passphrase });
    await expect(bed.open('another')).rejects.toEqual(fault(/passphrase is wrong/));
    await expect(bed.open()).rejects.toEqual(fault(/needs a passphrase/));
  });

  it('is not replaced by an open one', async () => {
    await makeKeyFile({ path: bed.path });
    await expect(bed.open(passphrase)).rejects.toEqual(fault(/not sealed/));
  });

  it.each<[string, Record<string, unknown>]>([
    ['no work', { cost: 2 ** 10 }],
    ['all memory', { cost: 2 ** 30 }],
    ['a large block', { blockSize: 1024 }],
    ['many lanes', { parallelism: 1000 }],
    ['no salt', { salt: '' }],
    ['another function', { kdf: 'md5' }],
  ])('is refused when it asks for %s', async (_name, parameters) => {
    await makeKeyFile({ path: bed.path, passphrase });
    await bed.edit((file) => Object.assign(file['passphrase'] as object, parameters));
    await expect(bed.open(passphrase)).rejects.toEqual(fault(/damaged/));
  });

  it('is refused with another salt, and with damaged bytes', async () => {
    await makeKeyFile({ path: bed.path, passphrase });
    const before = await readFile(bed.path, 'utf8');
    await bed.edit((file) =>
      Object.assign(file['passphrase'] as object, { salt: randomBytes(16).toString('base64') }),
    );
    await expect(bed.open(passphrase)).rejects.toEqual(fault(/passphrase is wrong/));
    await writeFile(bed.path, before);
    await bed.edit((file) => (file['sealed'] = `${String(file['sealed']).slice(0, -8)}AAAAAAA=`));
    await expect(bed.open(passphrase)).rejects.toEqual(fault(/passphrase is wrong/));
  });
});
