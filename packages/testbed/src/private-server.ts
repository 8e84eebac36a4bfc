import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { chmod, chown, readdir, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from './port.ts';

const prefix = 'caregraph-testbed-';

/** An account of the machine that a server runs as, where it refuses to run as root. */
export type Account = { readonly uid: number; readonly gid: number };

export type ServerCommand = {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly account?: Account | undefined;
  /** The signal that makes this server end at once without leaving processes behind. */
  readonly quitSignal: NodeJS.Signals;
};

export type PrivateServer = {
  readonly child: ChildProcess;
  /** Throws with the end of the server's own log when it is not alive any more. */
  assertAlive(): void;
  stop(): Promise<void>;
};

/** The account a Debian package made for its server; undefined when this process is not root. */
export function serverAccount(user: string): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith(`${user}:`));
  const [, , uid, gid] = line?.split(':') ?? [];
  if (uid === undefined || gid === undefined) throw new Error(`this machine has no user ${user}`);
  return { uid: Number(uid), gid: Number(gid) };
}

/**
 * A folder for one server under the temporary directory, owned by its account. What earlier runs
 * left behind because they were killed is ended and removed first.
 */
export async function serverFolder(name: string, account?: Account): Promise<string> {
  await sweep();
  const folder = mkdtempSync(join(tmpdir(), `${prefix}${process.pid}-${name}-`));
  await chmod(folder, 0o700);
  if (account !== undefined) await chown(folder, account.uid, account.gid);
  return folder;
}

/** Starts a server inside its folder; it ends with this process, whatever ends that. */
export function startPrivateServer(folder: string, command: ServerCommand): PrivateServer {
  const { program, args, env, account, quitSignal } = command;
  const child = spawn(program, args, {
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '', HOME: folder, LANG: 'C.UTF-8', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...account,
  });
  const log = join(folder, 'server.log');
  const sink = createWriteStream(log);
  let problem: Error | undefined;
  child.on('error', (error) => (problem = error));
  child.stdout.pipe(sink, { end: false });
  child.stderr.pipe(sink, { end: false });
  const gone = (): boolean => child.exitCode !== null || child.signalCode !== null;
  const forget = onProcessEnd(() => {
    child.kill(quitSignal);
    removeNow(folder);
  });
  return {
    child,
    assertAlive() {
      if (problem === undefined && !gone()) return;
      const tail = readFileSync(log, 'utf8').slice(-2000);
      throw new Error(`${program} ended: ${problem?.message ?? child.exitCode}\n${tail}`);
    },
    async stop() {
      if (!gone() && problem === undefined) {
        child.kill(quitSignal);
        await until(`${program} did not end`, 20_000, async () => gone());
      }
      sink.end();
      forget();
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/**
 * Removes a folder that its server still writes to while it ends, without an event loop, because
 * the process is on its way out. What is left after three seconds, the next run sweeps.
 */
function removeNow(folder: string): void {
  for (let attempt = 0; attempt < 30; attempt += 1) {
    try {
      rmSync(folder, { recursive: true, force: true });
    } catch {
      // The server made a file meanwhile: try again.
    }
    if (!existsSync(folder)) return;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
  }
}

const endings = new Set<() => void>();

/** Runs `work` when this process ends, also by a signal; answers how to call that off. */
export function onProcessEnd(work: () => void): () => void {
  if (endings.size === 0) {
    process.on('exit', endAll);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, endBySignal);
  }
  endings.add(work);
  return () => {
    endings.delete(work);
    if (endings.size > 0) return;
    process.off('exit', endAll);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.off(signal, endBySignal);
  };
}

function endAll(): void {
  const works = [...endings];
  endings.clear();
  for (const work of works) {
    try {
      work();
    } catch (error) {
      process.stderr.write(`testbed: ${String(error)}\n`);
    }
  }
}

function endBySignal(signal: NodeJS.Signals): void {
  endAll();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.off(name, endBySignal);
  // Others (a test runner) may be listening and want to finish in order; otherwise end as asked.
  if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
}

/** Ends and removes servers whose owner was killed before it could. */
async function sweep(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    if (!name.startsWith(prefix)) continue;
    const folder = join(tmpdir(), name);
    const owner = /^\d+/.exec(name.slice(prefix.length))?.[0];
    if (owner === undefined || isAlive(Number(owner))) continue;
    // Not by a remembered pid, which may be another's by now, but by where a process works.
    for (const pid of await workingBelow(folder)) process.kill(pid, 'SIGKILL');
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH');
  }
}

async function workingBelow(folder: string): Promise<number[]> {
  const found: number[] = [];
  for (const entry of await readdir('/proc').catch(() => [])) {
    if (!/^\d+$/.test(entry)) continue;
    // A process that ended meanwhile, or is another account's, has no readable folder.
    const place = await readlink(join('/proc', entry, 'cwd')).catch(() => '');
    if (place === folder || place.startsWith(`${folder}/`)) found.push(Number(entry));
  }
  return found;
}
