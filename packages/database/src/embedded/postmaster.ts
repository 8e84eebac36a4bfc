import { execFile } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { hasCode, readIfThere } from '@caregraph/files';
import { pollUntil } from '../poll.ts';

/** What a running (or killed) server left in `postmaster.pid`. */
export interface PostmasterRecord {
  readonly pid: number;
  readonly port: number;
  /** `ready` once the server takes connections. */
  readonly status: string;
}

const run = promisify(execFile);

/**
 * Reads `postmaster.pid` of a cluster; undefined when there is none or it is half written. Lines:
 * process id, data directory, start time, port, socket directory, listen address, shared memory key,
 * status (PostgreSQL source, src/include/utils/pidfile.h).
 */
export async function readPostmaster(cluster: string): Promise<PostmasterRecord | undefined> {
  const text = await readIfThere(join(cluster, 'postmaster.pid'));
  if (text === undefined) return undefined;
  const lines = text.split('\n').map((line) => line.trim());
  const pid = Number(lines[0]);
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
  return { pid, port: Number(lines[3] ?? 0), status: lines[7] ?? '' };
}

/** Removes what a server killed together with its machine left, when its process id is reused. */
export async function forgetPostmaster(cluster: string): Promise<void> {
  await rm(join(cluster, 'postmaster.pid'), { force: true });
}

/**
 * True while process `pid` is a PostgreSQL server of this cluster. A bare "is it alive" would take
 * an unrelated process with a reused id for the server, and a container's unreaped zombie too.
 */
export async function isServing(pid: number, cluster: string): Promise<boolean> {
  if (!isAlive(pid)) return false;
  const command = await commandLine(pid);
  // Windows gives no command line without further tools: alive is all that can be known.
  if (command === undefined) return process.platform === 'win32' && isAlive(pid);
  return basename(command[0] ?? '').startsWith('postgres') && command.includes(cluster);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return hasCode(error, 'EPERM');
  }
}

async function commandLine(pid: number): Promise<string[] | undefined> {
  if (process.platform === 'win32') return undefined;
  try {
    if (process.platform === 'linux') {
      return (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0');
    }
    const { stdout } = await run('ps', ['-ww', '-o', 'args=', '-p', String(pid)]);
    return splitArguments(stdout.trim());
  } catch (error) {
    // The process ended between the two looks.
    if (!isAlive(pid)) return undefined;
    throw error;
  }
}

/** `ps` joins arguments with spaces; a data directory with spaces is found after `-D`. */
function splitArguments(line: string): string[] {
  const [program = '', rest = ''] = line.split(/ -D (.*)/s, 2);
  const directory = rest.split(/ -c /, 1)[0] ?? '';
  return [program, directory];
}

/**
 * Ends a server: `fast` disconnects clients and writes a checkpoint, and when that has not ended
 * within `timeoutMs`, `immediate` follows, after which the next start replays the log.
 *
 * @returns how it went; `stuck` when the process survived both.
 */
export async function endServer(
  pid: number,
  cluster: string,
  pgCtl: string,
  timeoutMs = 30_000,
): Promise<'fast' | 'immediate' | 'stuck'> {
  const gone = (): Promise<true | undefined> =>
    pollUntil(async () => ((await isServing(pid, cluster)) ? undefined : true), { timeoutMs });
  await signal(pid, cluster, pgCtl, 'fast');
  if (await gone()) return 'fast';
  await signal(pid, cluster, pgCtl, 'immediate');
  return (await gone()) ? 'immediate' : 'stuck';
}

async function signal(
  pid: number,
  cluster: string,
  pgCtl: string,
  mode: 'fast' | 'immediate',
): Promise<void> {
  if (process.platform === 'win32') {
    // Windows has no signals: pg_ctl speaks to the server through its named pipe.
    await run(pgCtl, ['stop', '-D', cluster, '-m', mode, '--no-wait']);
    return;
  }
  try {
    process.kill(pid, mode === 'fast' ? 'SIGINT' : 'SIGQUIT');
  } catch (error) {
    if (!hasCode(error, 'ESRCH')) throw error;
  }
}
