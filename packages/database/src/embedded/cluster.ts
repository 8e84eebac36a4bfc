import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chown, mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isThere } from '@caregraph/files';
import { DatabaseSetupError } from '../target.ts';
import type { PostgresBinaries } from './postgres-binaries.ts';
import type { ServerAccount } from './server-account.ts';

export const superuser = 'caregraph';

/** A cluster on disk: where its files are and the password of its superuser. */
export interface Cluster {
  readonly directory: string;
  readonly password: string;
}

/**
 * What the server programs see of our environment. `LC_ALL` keeps macOS from loading threads into
 * the server, and fixes the language of its messages; PG* variables of the user must not leak in.
 */
export function serverEnvironment(): { env: Record<string, string> } | Record<string, never> {
  if (process.platform === 'win32') return {};
  return { env: { LC_ALL: 'C', TZ: 'UTC', PATH: '/usr/local/bin:/usr/bin:/bin' } };
}

/**
 * Opens the cluster below `base`, or makes it: initdb runs in a folder of another name that is
 * renamed when complete, so that a start cut short never leaves half a cluster.
 */
export async function openCluster(
  base: string,
  binaries: PostgresBinaries,
  account: ServerAccount | undefined,
  log: (message: string) => void,
): Promise<Cluster> {
  const directory = join(base, 'cluster');
  const passwordFile = join(base, 'superuser-password');
  if (!(await isThere(join(directory, 'PG_VERSION')))) {
    await removePartials(base);
    log(`making a new PostgreSQL cluster in ${directory}`);
    await makeCluster(base, directory, passwordFile, binaries, account);
  }
  await refuseOtherMajor(directory, binaries);
  const password = (await readFile(passwordFile, 'utf8')).trim();
  return { directory, password };
}

async function makeCluster(
  base: string,
  directory: string,
  passwordFile: string,
  binaries: PostgresBinaries,
  account: ServerAccount | undefined,
): Promise<void> {
  const partial = join(base, `cluster.partial-${process.pid}`);
  const partialPassword = `${passwordFile}.partial-${process.pid}`;
  await mkdir(partial, { mode: 0o700 });
  await writeFile(partialPassword, randomBytes(32).toString('base64url'), { mode: 0o600 });
  if (account) {
    await chown(partial, account.uid, account.gid);
    await chown(partialPassword, account.uid, account.gid);
  }
  await runInitdb(partial, partialPassword, binaries, account);
  // Password first: a cluster without its password could not be opened again.
  await rename(partialPassword, passwordFile);
  await rename(partial, directory);
}

async function runInitdb(
  directory: string,
  passwordFile: string,
  binaries: PostgresBinaries,
  account: ServerAccount | undefined,
): Promise<void> {
  const options = [
    ['-D', directory],
    ['--auth', 'scram-sha-256'],
    ['--username', superuser],
    ['--pwfile', passwordFile],
    ['--encoding', 'UTF8'],
    // The built-in locale sorts the same on every machine, and survives an upgrade of its C library.
    ['--locale', 'C'],
    ['--locale-provider', 'builtin'],
    ['--builtin-locale', 'C.UTF-8'],
  ].flat();
  const child = spawn(binaries.initdb, options, {
    cwd: directory,
    stdio: ['ignore', 'ignore', 'pipe'],
    ...serverEnvironment(),
    ...account,
  });
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code === 0) return;
  throw new DatabaseSetupError(
    'EMBEDDED_POSTGRES_FAILED',
    `PostgreSQL could not make its cluster in ${directory} (exit ${code}): ${complaint.trim()}`,
  );
}

async function removePartials(base: string): Promise<void> {
  for (const name of await readdir(base)) {
    const owner = /\.partial-(\d+)$/.exec(name)?.[1];
    // Another start may be busy with its own partial cluster at this moment.
    if (owner === undefined || isRunning(Number(owner))) continue;
    await rm(join(base, name), { recursive: true, force: true });
  }
}

function isRunning(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

async function refuseOtherMajor(directory: string, binaries: PostgresBinaries): Promise<void> {
  const version = (await readFile(join(directory, 'PG_VERSION'), 'utf8')).trim();
  if (version === '18') return;
  throw new DatabaseSetupError(
    'EMBEDDED_POSTGRES_FAILED',
    `The data in ${directory} is of PostgreSQL ${version}, but ${binaries.postgres} is 18: ` +
      'dump it with the old version and load it into a new data directory',
  );
}
