import type { Command } from 'commander';
import { spawn } from 'node:child_process';
import { readFile, rm, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { repositoryRoot, toolEnvironment } from './repository.ts';

const countsFile = join(repositoryRoot, '.caregraph', 'test-counts.json');

/** `caregraph test [vitest arguments]`: all tests, on real PostgreSQL, Redis and RabbitMQ. */
export function registerTestCommand(program: Command): void {
  program
    .command('test')
    .description('run the tests; arguments go to vitest (a path, -t name, --watch)')
    .argument('[arguments...]')
    .allowUnknownOption()
    .helpOption(false)
    .action(async (args: string[]) => {
      await prepareBrowser(args);
      process.exitCode = await runTests(args);
    });
}

/** Tests of pages drive a browser; a run of other files does not wait for one. */
async function prepareBrowser(args: readonly string[]): Promise<void> {
  const paths = args.filter((arg) => !arg.startsWith('-'));
  if (paths.length > 0 && !paths.some((path) => /router|identity/.test(path))) return;
  const { ensureChromium } = await import('@caregraph/testbed/chromium');
  const found = await ensureChromium((line) => console.error(`testbed: ${line}`));
  if ('unavailable' in found) console.error(`testbed: no Chromium: ${found.unavailable}`);
}

async function runTests(args: readonly string[]): Promise<number> {
  await mkdir(join(repositoryRoot, '.caregraph'), { recursive: true });
  await rm(countsFile, { force: true });
  const watch = args.includes('--watch') || args.includes('-w');
  const reporters = ['default', './packages/testbed/src/counting-reporter.ts'];
  const fixed = [watch ? 'watch' : 'run', ...reporters.map((name) => `--reporter=${name}`)];
  const code = await passThrough('vitest', [...fixed, ...args], { TEST_COUNTS_FILE: countsFile });
  const { passed, failed } = await readCounts(code);
  console.log(`\n${passed} passed, ${failed} failed`);
  return code;
}

/** A run that ended before it could count has failed, whatever its tests did. */
async function readCounts(code: number): Promise<{ passed: number; failed: number }> {
  const text = await readFile(countsFile, 'utf8').catch(() => '{}');
  const counts: unknown = JSON.parse(text);
  const count = (name: 'passed' | 'failed'): number => {
    const known = typeof counts === 'object' && counts !== null && name in counts;
    return known ? Number(Reflect.get(counts, name)) : 0;
  };
  const failed = count('failed');
  return { passed: count('passed'), failed: failed === 0 && code !== 0 ? 1 : failed };
}

/** Runs a program in this terminal; a signal to this process ends it, and its end is ours. */
function passThrough(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: repositoryRoot,
      env: toolEnvironment(env),
      stdio: 'inherit',
      shell: process.platform === 'win32',
    });
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
    const forward = (signal: NodeJS.Signals): void => void child.kill(signal);
    for (const signal of signals) process.on(signal, forward);
    child.on('error', reject);
    child.on('close', (code, signal) => {
      for (const name of signals) process.off(name, forward);
      if (signal !== null) process.kill(process.pid, signal);
      resolve(code ?? 1);
    });
  });
}
