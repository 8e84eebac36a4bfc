import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, lstat, mkdir, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join, parse, resolve } from 'node:path';
import { promisify } from 'node:util';
import { whenMissing } from '@caregraph/files';
import { DatabaseSetupError } from '../target.ts';

/** The unprivileged account that PostgreSQL runs as when this process is root. */
export interface ServerAccount {
  readonly uid: number;
  readonly gid: number;
}

const run = promisify(execFile);

/**
 * The account to run PostgreSQL as: undefined means as ourselves. PostgreSQL refuses to run as
 * root, because a hole in the server would then be a hole in the machine.
 */
export async function findServerAccount(
  log: (message: string) => void,
): Promise<ServerAccount | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const existing = await lookUp('postgres');
  if (existing) return existing;
  log('running as root: creating the system account "postgres" for the database server');
  try {
    await run('useradd', ['--system', '--user-group', '--no-create-home', 'postgres']);
  } catch (cause) {
    const created = (await lookUp('postgres')) ?? (await lookUp('nobody'));
    if (created) return created;
    throw new DatabaseSetupError(
      'EMBEDDED_POSTGRES_FAILED',
      'PostgreSQL does not run as root and no account could be made for it: run as another user',
      { cause },
    );
  }
  return lookUp('postgres');
}

async function lookUp(name: string): Promise<ServerAccount | undefined> {
  try {
    const [user, group] = await Promise.all([run('id', ['-u', name]), run('id', ['-g', name])]);
    return { uid: Number(user.stdout), gid: Number(group.stdout) };
  } catch (error) {
    // `id` ends with 1 for an unknown account; anything else is a fault.
    if (error instanceof Error && 'code' in error && error.code === 1) return undefined;
    throw error;
  }
}

/**
 * Creates the directory that holds the cluster and returns its path. As root, the server account
 * must be able to pass every folder above it; where it cannot (a checkout under /root), the data
 * goes to /var/lib/caregraph, or the temporary directory when that cannot be written.
 */
export async function prepareDataDirectory(
  wanted: string,
  account: ServerAccount | undefined,
  log: (message: string) => void,
): Promise<string> {
  const directory = resolve(wanted);
  if (!account) {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    return directory;
  }
  const digest = createHash('sha256').update(directory).digest('hex').slice(0, 12);
  const name = `${basename(directory)}-${digest}`;
  const candidates = [
    directory,
    join('/var/lib/caregraph', name),
    join(tmpdir(), `caregraph-${name}`),
  ];
  for (const candidate of candidates) {
    if (!(await isPassable(dirname(candidate), account))) continue;
    if (!(await createOwn(candidate))) continue;
    if (candidate !== directory) {
      log(`${directory} cannot be reached by the server account: the data is in ${candidate}`);
    }
    return candidate;
  }
  throw new DatabaseSetupError(
    'EMBEDDED_POSTGRES_FAILED',
    `No directory can be reached by the PostgreSQL account: tried ${candidates.join(', ')}`,
  );
}

/** Makes a folder that others may pass but not list; false where the place is not ours. */
async function createOwn(directory: string): Promise<boolean> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o755 });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM') return false;
    throw error;
  }
  // A folder planted in a public temporary directory could hand the data to someone else.
  const found = await lstat(directory);
  if (!found.isDirectory() || found.uid !== process.getuid?.()) return false;
  if ((found.mode & 0o001) === 0) await chmod(directory, (found.mode & 0o777) | 0o011);
  return true;
}

/** True when the account may pass all existing folders on the way to `path` and read the file. */
export async function isReachableBy(
  account: ServerAccount | undefined,
  path: string,
): Promise<boolean> {
  if (!account) return true;
  const { mode } = await stat(path);
  return (mode & 0o005) === 0o005 && isPassable(dirname(path), account);
}

async function isPassable(directory: string, account: ServerAccount): Promise<boolean> {
  const found = await stat(directory).catch(whenMissing(undefined));
  if (found) {
    const bit = found.uid === account.uid ? 0o100 : found.gid === account.gid ? 0o010 : 0o001;
    if ((found.mode & bit) === 0) return false;
  }
  return directory === parse(directory).root || isPassable(dirname(directory), account);
}
