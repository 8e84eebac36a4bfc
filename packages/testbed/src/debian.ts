import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';

const run = promisify(execFile);

export type Installation = { readonly installed: true } | { readonly unavailable: string };

/**
 * Makes sure that a Debian package is there, by apt-get where this process is root or may be by
 * `sudo -n`. Its system service is not started: tests run their own private instance.
 *
 * @param program the file that proves the package is installed
 */
export async function ensureDebianPackage(
  packageName: string,
  isInstalled: () => boolean,
  log: (line: string) => void,
): Promise<Installation> {
  if (isInstalled()) return { installed: true };
  if (!existsSync('/usr/bin/apt-get')) return { unavailable: 'not installed, and no apt-get here' };
  const become = await rootPrefix();
  if (become === undefined) {
    return { unavailable: `not installed: sudo apt-get install ${packageName}` };
  }
  log(`installing the Debian package ${packageName}`);
  try {
    await aptInstall(become, packageName);
  } catch (error) {
    return { unavailable: `apt-get could not install ${packageName}: ${lastLine(error)}` };
  }
  if (isInstalled()) return { installed: true };
  return { unavailable: `${packageName} is installed but its program is not where it should be` };
}

async function rootPrefix(): Promise<string[] | undefined> {
  if (process.getuid?.() === 0) return [];
  try {
    await run('sudo', ['-n', 'true']);
    return ['sudo', '-n'];
  } catch {
    return undefined; // no sudo, or it wants a password: both mean that we may not install
  }
}

/** A package's service starts on install unless policy-rc.d says no (invoke-rc.d(8)). */
const script = `
set -e
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\\nexit 101\\n' > "$policy"
  chmod 755 "$policy"
  trap 'rm -f "$policy"' EXIT
fi
export DEBIAN_FRONTEND=noninteractive
apt-get -o DPkg::Lock::Timeout=300 update -qq
apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends "$1"
`;

async function aptInstall(become: readonly string[], packageName: string): Promise<void> {
  const [program = 'sh', ...args] = [...become, 'sh', '-c', script, 'install', packageName];
  await run(program, args, { timeout: 10 * 60_000, maxBuffer: 16 * 1024 * 1024 });
}

function lastLine(error: unknown): string {
  const stderr = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
  return stderr.trim().split('\n').at(-1) ?? '';
}
