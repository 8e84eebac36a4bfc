import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdtemp, readFile, readdir, rename, rm, stat } from 'node:fs/promises';
import { symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { fixedClock } from '@caregraph/clock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createKeyFileService, makeKeyFile } from './key-file-service.ts';
import { placeKeyFile, withKeyFileLock } from './key-file-disk.ts';

const context = 'caregraph/patient/partition/1';
const run = promisify(execFile);

let directory: string;
let path: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'caregraph-kek-'));
  path = join(directory, 'kek.json');
});
afterEach(() => rm(directory, { recursive: true }));

const open = (passphrase?: string) => createKeyFileService({ path, passphrase });
const fault = (explanation: RegExp) =>
  expect.objectContaining({
    code: 'KEY_FILE_INVALID',
    message: expect.stringMatching(explanation) as string,
  });

/** Changes the parsed file as somebody with an editor would. */
async function edit(change: (file: Record<string, unknown>) => void): Promise<void> {
  const file = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
  change(file);
  await writeFile(path, JSON.stringify(file));
}
type Versions = { version: number; key: string; check: string }[];
const versionsIn = async () =>
  (JSON.parse(await readFile(path, 'utf8')) as { versions: Versions }).versions;

/** Runs code in processes of their own, at the same time. */
async function inProcesses(count: number, code: string): Promise<string[]> {
  const module = new URL('./key-file-service.ts', import.meta.url).href;
  const source = `import { createKeyFileService, makeKeyFile } from ${JSON.stringify(module)};
    const path = ${JSON.stringify(path)};
    ${code}`;
  const args = ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', source];
  const runs = Array.from({ length: count }, () => run(process.execPath, args));
  return (await Promise.all(runs)).map(({ stdout }) => stdout.trim());
}

describe('the key file as it lies on the disk', () => {
  it('is made for its owner alone, with the date of the clock', async () => {
    await makeKeyFile({ path, clock: fixedClock(new Date('2026-03-01T00:00:00Z')) });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(`${path}.lock`)).mode & 0o777).toBe(0o600);
    expect(await versionsIn()).toMatchObject([{ version: 1, madeAt: '2026-03-01T00:00:00.000Z' }]);
    expect((await readdir(directory)).sort()).toEqual(['kek.json', 'kek.json.lock']);
  });

  it('stays as it is when it is made again', async () => {
    await makeKeyFile({ path });
    const before = await readFile(path, 'utf8');
    await makeKeyFile({ path });
    await placeKeyFile(path, 'another');
    expect(await readFile(path, 'utf8')).toBe(before);
  });

  it('is never made when nobody asked for it', async () => {
    await expect(open()).rejects.toEqual(fault(/no such file/));
    expect(await readdir(directory)).toEqual([]);
  });

  it.each([0o640, 0o604, 0o660, 0o602])('is refused with mode %o', async (mode) => {
    await makeKeyFile({ path });
    await chmod(path, mode);
    await expect(open()).rejects.toEqual(fault(/chmod 600 .*kek\.json/));
  });

  it('is refused behind a symbolic link, also by a process that runs', async () => {
    await makeKeyFile({ path });
    const service = await open();
    await rename(path, join(directory, 'elsewhere.json'));
    await symlink(join(directory, 'elsewhere.json'), path);
    await expect(open()).rejects.toEqual(fault(/symbolic link/));
    await expect(service.rotate()).rejects.toEqual(fault(/symbolic link/));
    const request = { key: randomBytes(32), context };
    await expect(service.wrapMany([request])).rejects.toEqual(fault(/symbolic link/));
  });

  it('is not made through a dangling link', async () => {
    await symlink(join(directory, 'elsewhere.json'), path);
    const made = createKeyFileService({ path, makeIfMissing: true });
    await expect(made).rejects.toEqual(fault(/symbolic link/));
    expect(await readdir(directory)).not.toContain('elsewhere.json');
  });

  it.each([0o720, 0o702, 0o777])(
    'is neither read nor made where others may put files: a directory of mode %o',
    async (mode) => {
      await chmod(directory, mode);
      const made = createKeyFileService({ path, makeIfMissing: true });
      await expect(made).rejects.toEqual(fault(/chmod go-w /));
      expect(await readdir(directory)).toEqual([]);
      await chmod(directory, 0o700);
      await makeKeyFile({ path });
      const service = await open();
      await chmod(directory, mode);
      await expect(open()).rejects.toEqual(fault(/chmod go-w /));
      await expect(service.rotate()).rejects.toEqual(fault(/chmod go-w /));
    },
  );

  it.each([0o750, 0o755, 0o1777])('lies well in a directory of mode %o', async (mode) => {
    await chmod(directory, mode);
    await makeKeyFile({ path });
    expect(await (await open()).currentVersion()).toBe(1);
  });

  // Only root can give a directory away.
  it.runIf(process.getuid?.() === 0)('is refused in the directory of another account', async () => {
    await makeKeyFile({ path });
    await chown(directory, 65_534, 65_534);
    await expect(open()).rejects.toEqual(fault(/another account/));
  });

  it('may not be a pipe or a directory', async () => {
    await run('mkfifo', ['-m', '600', path]);
    await expect(open()).rejects.toEqual(fault(/not an ordinary file/));
    await rm(path);
    path = directory;
    await expect(open()).rejects.toEqual(fault(/not an ordinary file|EISDIR/));
  });
});

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
    const service = await createKeyFileService({ path, makeIfMissing: true });
    await service.rotate();
    await service.rotate();
    await service.close();
    await edit(change);
    const before = await readFile(path, 'utf8');
    const opened = createKeyFileService({ path, makeIfMissing: true });
    await expect(opened).rejects.toEqual(fault(explanation));
    expect(await readFile(path, 'utf8')).toBe(before);
  });

  it.each(['', '{', 'null', '\0'.repeat(100)])('the text %j', async (text) => {
    await writeFile(path, text, { mode: 0o600 });
    await expect(createKeyFileService({ path, makeIfMissing: true })).rejects.toEqual(
      fault(/damaged/),
    );
    expect(await readFile(path, 'utf8')).toBe(text);
  });

  it('and its error does not show what is in it', async () => {
    await makeKeyFile({ path });
    const [version] = await versionsIn();
    const text = await readFile(path, 'utf8');
    await writeFile(path, text.slice(0, -3));
    const error: unknown = await open().catch((caught: unknown) => caught);
    expect(JSON.stringify([error, String(error)])).not.toContain(version?.key);
  });
});

describe('a process that runs follows the file', () => {
  it('refuses an older copy, which has lost a version', async () => {
    await makeKeyFile({ path });
    const older = await readFile(path, 'utf8');
    const service = await open();
    await service.rotate();
    await writeFile(path, older);
    const request = { key: randomBytes(32), context };
    await expect(service.wrapMany([request])).rejects.toEqual(fault(/lost versions/));
    await expect(service.rotate()).rejects.toEqual(fault(/lost versions/));
  });

  it('refuses another key under the same version', async () => {
    await makeKeyFile({ path });
    const service = await open();
    const mine = path;
    path = join(directory, 'other.json');
    await makeKeyFile({ path });
    await rename(path, mine);
    const request = { key: randomBytes(32), context };
    await expect(service.wrapMany([request])).rejects.toEqual(fault(/not the key that it was/));
  });

  it('stops when the file is gone, and goes on when it is back', async () => {
    await makeKeyFile({ path });
    const service = await open();
    const [wrapped] = await service.wrapMany([{ key: randomBytes(32), context }]);
    await rename(path, `${path}.away`);
    await expect(service.currentVersion()).rejects.toEqual(fault(/no such file/));
    await rename(`${path}.away`, path);
    const request = { kekVersion: 1, wrapped: wrapped?.wrapped ?? randomBytes(65), context };
    expect(await service.unwrapMany([request])).toHaveLength(1);
  });

  it('retired versions are no longer in the file', async () => {
    const service = await createKeyFileService({ path, makeIfMissing: true });
    const [first] = await versionsIn();
    await service.rotate();
    await service.retireBelow(2);
    expect(await readFile(path, 'utf8')).not.toContain(first?.key);
    expect((await versionsIn()).map(({ version }) => version)).toEqual([2]);
  });
});

describe('several processes at once', () => {
  it('that make the file end with one key', async () => {
    const shown = await inProcesses(
      4,
      `const service = await createKeyFileService({ path, makeIfMissing: true });
       const [{ wrapped }] = await service.wrapMany([{ key: new Uint8Array(32), context: 'c' }]);
       console.log(Buffer.from(wrapped).toString('hex'));`,
    );
    const service = await open();
    const requests = shown.map((hex) => ({
      kekVersion: 1,
      wrapped: Buffer.from(hex, 'hex'),
      context: 'c',
    }));
    expect(await service.unwrapMany(requests)).toEqual(shown.map(() => new Uint8Array(32)));
  });

  it('that rotate lose no version', async () => {
    await makeKeyFile({ path });
    const service = await open();
    const shown = await inProcesses(
      3,
      `const service = await createKeyFileService({ path });
       const made = [];
       for (let count = 0; count < 8; count += 1) made.push(await service.rotate());
       console.log(made.join(' '));`,
    );
    const made = shown.flatMap((line) => line.split(' ').map(Number)).sort((a, b) => a - b);
    expect(made).toEqual(Array.from({ length: 24 }, (_, index) => index + 2));
    expect((await versionsIn()).map(({ version }) => version)).toEqual([1, ...made]);
    expect(await service.currentVersion()).toBe(25);
  });

  it('also not when one process rotates by two services', async () => {
    await makeKeyFile({ path });
    const services = await Promise.all([open(), open(), open()]);
    const made = await Promise.all(services.flatMap((one) => [one.rotate(), one.rotate()]));
    expect(made.sort()).toEqual([2, 3, 4, 5, 6, 7]);
    expect(await services[0].currentVersion()).toBe(7);
  });

  it('a second service of a process does not give away the lock of the first', async () => {
    await makeKeyFile({ path });
    const [first, second] = await Promise.all([open(), open()]);
    const waiting: Promise<unknown>[] = [];
    const order: string[] = [];
    await withKeyFileLock(path, async () => {
      waiting.push(first.rotate(), second.rotate());
      const tried = inProcesses(
        1,
        `import { DatabaseSync } from 'node:sqlite';
         try {
           new DatabaseSync(path + '.lock').exec('BEGIN EXCLUSIVE');
           console.log('taken');
         } catch {
           console.log('locked');
         }`,
      );
      order.push(...(await tried));
    });
    expect(order).toEqual(['locked']);
    expect((await Promise.all(waiting)).sort()).toEqual([2, 3]);
  });

  it('a process that is killed while it writes leaves a whole file and no lock', async () => {
    await makeKeyFile({ path });
    const before = await readFile(path, 'utf8');
    const disk = new URL('./key-file-disk.ts', import.meta.url).href;
    await expect(
      inProcesses(
        1,
        `import { writeFileSync } from 'node:fs';
         import { withKeyFileLock } from ${JSON.stringify(disk)};
         await withKeyFileLock(path, () => {
           writeFileSync(path + '.0.unfinished', 'half a fi');
           process.kill(process.pid, 'SIGKILL');
         });`,
      ),
    ).rejects.toMatchObject({ signal: 'SIGKILL' });
    expect(await readFile(path, 'utf8')).toBe(before);
    const service = await open();
    expect(await service.rotate()).toBe(2);
    expect((await readdir(directory)).sort()).toEqual(['kek.json', 'kek.json.lock']);
  });
});

describe('a key file with a passphrase', () => {
  const passphrase = 'correct horse battery staple';

  it('shows no key, and works as one without', async () => {
    const service = await createKeyFileService({ path, passphrase, makeIfMissing: true });
    const key = randomBytes(32);
    const [old] = await service.wrapMany([{ key, context }]);
    expect(await service.rotate()).toBe(2);
    const other = await open(passphrase);
    const [opened] = await other.unwrapMany([
      { kekVersion: 1, wrapped: old?.wrapped ?? key, context },
    ]);
    expect(Buffer.from(opened ?? [])).toEqual(key);
    const file = JSON.parse(await readFile(path, 'utf8')) as object;
    expect(Object.keys(file)).toEqual(['format', 'passphrase', 'sealed']);
    expect(await other.retireBelow(2)).toBe(true);
    expect(await service.currentVersion()).toBe(2);
  });

  it('opens with its passphrase alone', async () => {
    await makeKeyFile({ path, passphrase });
    await expect(open('another')).rejects.toEqual(fault(/passphrase is wrong/));
    await expect(open()).rejects.toEqual(fault(/needs a passphrase/));
  });

  it('is not replaced by an open one', async () => {
    await makeKeyFile({ path });
    await expect(open(passphrase)).rejects.toEqual(fault(/not sealed/));
  });

  it.each<[string, Record<string, unknown>]>([
    ['no work', { cost: 2 ** 10 }],
    ['all memory', { cost: 2 ** 30 }],
    ['a large block', { blockSize: 1024 }],
    ['many lanes', { parallelism: 1000 }],
    ['no salt', { salt: '' }],
    ['another function', { kdf: 'md5' }],
  ])('is refused when it asks for %s', async (_name, parameters) => {
    await makeKeyFile({ path, passphrase });
    await edit((file) => Object.assign(file['passphrase'] as object, parameters));
    await expect(open(passphrase)).rejects.toEqual(fault(/damaged/));
  });

  it('is refused with another salt, and with damaged bytes', async () => {
    await makeKeyFile({ path, passphrase });
    const before = await readFile(path, 'utf8');
    await edit((file) =>
      Object.assign(file['passphrase'] as object, { salt: randomBytes(16).toString('base64') }),
    );
    await expect(open(passphrase)).rejects.toEqual(fault(/passphrase is wrong/));
    await writeFile(path, before);
    await edit((file) => (file['sealed'] = `${String(file['sealed']).slice(0, -8)}AAAAAAA=`));
    await expect(open(passphrase)).rejects.toEqual(fault(/passphrase is wrong/));
  });
});
