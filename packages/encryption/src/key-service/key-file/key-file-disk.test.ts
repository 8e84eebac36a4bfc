import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, chown, readFile, readdir, rename, rm, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { fixedClock } from '@caregraph/clock';
import { describe, expect, it } from 'vitest';
import { placeKeyFile, withKeyFileLock } from './key-file-disk.ts';
import { createKeyFileService, makeKeyFile } from './key-file-service.ts';
import { context, createKeyFileBed, fault } from './test-key-file-bed.ts';

const run = promisify(execFile);
const bed = createKeyFileBed();

/** Runs code in processes of their own, at the same time. */
async function inProcesses(count: number, code: string): Promise<string[]> {
  const module = new URL('./key-file-service.ts', import.meta.url).href;
  const source = `import { createKeyFileService, makeKeyFile } from ${JSON.stringify(module)};
    const path = ${JSON.stringify(bed.path)};
    ${code}`;
  const args = ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', source];
  const runs = Array.from({ length: count }, () => run(process.execPath, args));
  return (await Promise.all(runs)).map(({ stdout }) => stdout.trim());
}

describe('the key file as it lies on the disk', () => {
  it('is made for its owner alone, with the date of the clock', async () => {
    await makeKeyFile({ path: bed.path, clock: fixedClock(new Date('2026-03-01T00:00:00Z')) });
    expect((await stat(bed.path)).mode & 0o777).toBe(0o600);
    expect((await stat(`${bed.path}.lock`)).mode & 0o777).toBe(0o600);
    expect(await bed.versionsIn()).toMatchObject([
      { version: 1, madeAt: '2026-03-01T00:00:00.000Z' },
    ]);
    expect((await readdir(bed.directory)).sort()).toEqual(['kek.json', 'kek.json.lock']);
  });

  it('stays as it is when it is made again', async () => {
    await makeKeyFile({ path: bed.path });
    const before = await readFile(bed.path, 'utf8');
    await makeKeyFile({ path: bed.path });
    await placeKeyFile(bed.path, 'another');
    expect(await readFile(bed.path, 'utf8')).toBe(before);
  });

  it('is never made when nobody asked for it', async () => {
    await expect(bed.open()).rejects.toEqual(fault(/no such file/));
    expect(await readdir(bed.directory)).toEqual([]);
  });

  it.each([0o640, 0o604, 0o660, 0o602])('is refused with mode %o', async (mode) => {
    await makeKeyFile({ path: bed.path });
    await chmod(bed.path, mode);
    await expect(bed.open()).rejects.toEqual(fault(/chmod 600 .*kek\.json/));
  });

  it('is refused behind a symbolic link, also by a process that runs', async () => {
    await makeKeyFile({ path: bed.path });
    const service = await bed.open();
    await rename(bed.path, join(bed.directory, 'elsewhere.json'));
    await symlink(join(bed.directory, 'elsewhere.json'), bed.path);
    await expect(bed.open()).rejects.toEqual(fault(/symbolic link/));
    await expect(service.rotate()).rejects.toEqual(fault(/symbolic link/));
    const request = { key: randomBytes(32), context };
    await expect(service.wrapMany([request])).rejects.toEqual(fault(/symbolic link/));
  });

  it('is not made through a dangling link', async () => {
    await symlink(join(bed.directory, 'elsewhere.json'), bed.path);
    const made = createKeyFileService({ path: bed.path, makeIfMissing: true });
    await expect(made).rejects.toEqual(fault(/symbolic link/));
    expect(await readdir(bed.directory)).not.toContain('elsewhere.json');
  });

  it.each([0o720, 0o702, 0o777])(
    'is neither read nor made where others may put files: a directory of mode %o',
    async (mode) => {
      await chmod(bed.directory, mode);
      const made = createKeyFileService({ path: bed.path, makeIfMissing: true });
      await expect(made).rejects.toEqual(fault(/chmod go-w /));
      expect(await readdir(bed.directory)).toEqual([]);
      await chmod(bed.directory, 0o700);
      await makeKeyFile({ path: bed.path });
      const service = await bed.open();
      await chmod(bed.directory, mode);
      await expect(bed.open()).rejects.toEqual(fault(/chmod go-w /));
      await expect(service.rotate()).rejects.toEqual(fault(/chmod go-w /));
    },
  );

  it.each([0o750, 0o755, 0o1777])('lies well in a directory of mode %o', async (mode) => {
    await chmod(bed.directory, mode);
    await makeKeyFile({ path: bed.path });
    expect(await (await bed.open()).currentVersion()).toBe(1);
  });

  // Only root can give a directory away.
  it.runIf(process.getuid?.() === 0)('is refused in the directory of another account', async () => {
    await makeKeyFile({ path: bed.path });
    await chown(bed.directory, 65_534, 65_534);
    await expect(bed.open()).rejects.toEqual(fault(/another account/));
  });

  it('may not be a pipe or a directory', async () => {
    await run('mkfifo', ['-m', '600', bed.path]);
    await expect(bed.open()).rejects.toEqual(fault(/not an ordinary file/));
    await rm(bed.path);
    bed.path = bed.directory;
    await expect(bed.open()).rejects.toEqual(fault(/not an ordinary file|EISDIR/));
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
    const service = await bed.open();
    const requests = shown.map((hex) => ({
      kekVersion: 1,
      wrapped: Buffer.from(hex, 'hex'),
      context: 'c',
    }));
    expect(await service.unwrapMany(requests)).toEqual(shown.map(() => new Uint8Array(32)));
  });

  it('that rotate lose no version', async () => {
    await makeKeyFile({ path: bed.path });
    const service = await bed.open();
    const shown = await inProcesses(
      3,
      `const service = await createKeyFileService({ path });
       const made = [];
       for (let count = 0; count < 8; count += 1) made.push(await service.rotate());
       console.log(made.join(' '));`,
    );
    const made = shown.flatMap((line) => line.split(' ').map(Number)).sort((a, b) => a - b);
    expect(made).toEqual(Array.from({ length: 24 }, (_, index) => index + 2));
    expect((await bed.versionsIn()).map(({ version }) => version)).toEqual([1, ...made]);
    expect(await service.currentVersion()).toBe(25);
  });

  it('also not when one process rotates by two services', async () => {
    await makeKeyFile({ path: bed.path });
    const services = await Promise.all([bed.open(), bed.open(), bed.open()]);
    const made = await Promise.all(services.flatMap((one) => [one.rotate(), one.rotate()]));
    expect(made.sort()).toEqual([2, 3, 4, 5, 6, 7]);
    expect(await services[0].currentVersion()).toBe(7);
  });

  it('a second service of a process does not give away the lock of the first', async () => {
    await makeKeyFile({ path: bed.path });
    const [first, second] = await Promise.all([bed.open(), bed.open()]);
    const waiting: Promise<unknown>[] = [];
    const order: string[] = [];
    await withKeyFileLock(bed.path, async () => {
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
    await makeKeyFile({ path: bed.path });
    const before = await readFile(bed.path, 'utf8');
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
    expect(await readFile(bed.path, 'utf8')).toBe(before);
    const service = await bed.open();
    expect(await service.rotate()).toBe(2);
    expect((await readdir(bed.directory)).sort()).toEqual(['kek.json', 'kek.json.lock']);
  });
});
