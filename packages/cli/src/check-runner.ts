import { spawn } from 'node:child_process';
import { repositoryRoot, toolEnvironment } from './repository.ts';

export type Outcome = { readonly ok: boolean; readonly output: string };
export type Step = { readonly name: string; readonly run: () => Promise<Outcome> };

/** A step that runs a program of node_modules/.bin (or npm) and passes when it exits with 0. */
export function programStep(name: string, program: string, args: readonly string[]): Step {
  return { name, run: () => runProgram(program, args) };
}

/** A step that passes when it finds nothing. */
export function findingStep(name: string, find: () => Promise<readonly string[]>): Step {
  const run = async (): Promise<Outcome> => {
    const findings = await find();
    return { ok: findings.length === 0, output: findings.join('\n') };
  };
  return { name, run };
}

/**
 * Runs every step, at most `width` at once, and prints one line for each as it ends; what a failed
 * step printed follows at the end, where it is read.
 *
 * @returns whether all passed
 */
export async function runSteps(
  steps: readonly Step[],
  width: number,
  print: (line: string) => void,
): Promise<boolean> {
  const waiting = steps.values();
  const failures: { name: string; output: string }[] = [];
  const worker = async (): Promise<void> => {
    for (const step of waiting) {
      const start = performance.now();
      const { ok, output } = await settle(step);
      const seconds = ((performance.now() - start) / 1000).toFixed(1);
      print(`${ok ? 'ok  ' : 'FAIL'} ${step.name.padEnd(12)} ${seconds.padStart(6)} s`);
      if (!ok) failures.push({ name: step.name, output });
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
  for (const { name, output } of failures) print(`\n--- ${name}\n${output.trimEnd()}`);
  const passed = steps.length - failures.length;
  print(`\n${passed} of ${steps.length} checks passed`);
  return failures.length === 0;
}

async function settle(step: Step): Promise<Outcome> {
  try {
    return await step.run();
  } catch (error) {
    return { ok: false, output: error instanceof Error ? error.message : String(error) };
  }
}

/** Runs a program of the repository to its end and keeps what it prints. */
export function runProgram(program: string, args: readonly string[]): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: repositoryRoot,
      env: toolEnvironment({
        NO_COLOR: '1',
        FORCE_COLOR: '0',
        CHECKPOINT_DISABLE: '1',
        TURBO_TELEMETRY_DISABLED: '1',
      }),
      stdio: ['ignore', 'pipe', 'pipe'],
      shell: process.platform === 'win32',
    });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.on('error', reject);
    child.on('close', (code, signal) => {
      const ended = signal === null ? '' : `\nended by ${signal}`;
      resolve({ ok: code === 0, output: Buffer.concat(chunks).toString('utf8') + ended });
    });
  });
}
