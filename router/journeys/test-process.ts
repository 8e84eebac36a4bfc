import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** A process of the system under test, with what it said. */
export interface RunningProcess {
  readonly pid: number;
  stdout(): string;
  stderr(): string;
  kill(signal: NodeJS.Signals): void;
  /** Resolves with the exit code; null when a signal ended it. */
  readonly ended: Promise<number | null>;
  /** Waits until it has said this. @throws with what it said instead, when it ends before */
  said(text: string): Promise<void>;
}

const root = fileURLToPath(new URL('../../', import.meta.url));

/**
 * Starts a TypeScript file of the repository as its own process, with exactly this environment.
 *
 * @param script path from the root of the repository, and its arguments
 */
export function startProcess(
  [script, ...args]: readonly [string, ...string[]],
  environment: Readonly<Record<string, string>>,
): RunningProcess {
  const child = spawn(process.execPath, [root + script, ...args], {
    cwd: root,
    env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].on('data', (chunk: Buffer) => (said[name] += chunk.toString()));
  }
  let over = false;
  const ended = new Promise<number | null>((resolve) => {
    child.once('close', (code) => {
      over = true;
      resolve(code);
    });
  });
  return {
    pid: child.pid ?? -1,
    stdout: () => said.stdout,
    stderr: () => said.stderr,
    kill: (signal) => void child.kill(signal),
    ended,
    said: (text) =>
      until(`${script} says ${text}`, () => {
        if (over) throw new Error(`${script} ended: ${said.stderr.slice(-1_000)}`);
        return said.stdout.includes(text);
      }),
  };
}

/** Whether a process of this id runs. */
export function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false;
    throw error;
  }
}

/** Looks again and again until `holds`; hooks cannot poll with expect. @throws at the deadline */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  deadlineMs = 120_000,
): Promise<void> {
  const end = performance.now() + deadlineMs;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
