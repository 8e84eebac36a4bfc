import { spawn, spawnSync, type SpawnSyncReturns } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';

/** Stands for the program: it says what it got, and ends as its arguments tell it. */
const program = `
  const [command, how, value] = process.argv.slice(2);
  if (command === 'generate') process.exit(0);
  if (how === 'exit') process.exit(Number(value));
  if (how === 'die') process.kill(process.pid, value);
  if (how === 'wait') {
    process.on('SIGTERM', () => { console.log('drained'); process.exit(7); });
    process.on('SIGINT', () => { console.log('interrupted'); process.exit(130); });
    console.log('ready');
  }
  if (how !== 'say') setInterval(() => {}, 1000);
  else console.log(process.execPath.includes('node_modules') ? 'own node' : 'other node', command);
`;

/** Stands for npm: it makes the install that the lockfile asks for, or fails. */
const npm = `
  const { appendFileSync, copyFileSync, mkdirSync } = require('node:fs');
  appendFileSync('npm.log', process.argv.slice(2).join(' ') + '\\n');
  if (process.env.NPM_FAILS) { console.error('npm error network'); process.exit(5); }
  mkdirSync('node_modules', { recursive: true });
  copyFileSync('package-lock.json', 'node_modules/.package-lock.json');
`;

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'caregraph-bootstrap-'));
  mkdirSync(join(root, 'packages/cli/src'), { recursive: true });
  for (const file of ['bootstrap.mjs', 'staleness.mjs']) {
    copyFileSync(join(import.meta.dirname, file), join(root, 'packages/cli', file));
  }
  write('packages/cli/src/main.ts', program);
  write('package.json', '{"type":"module"}');
  write('package-lock.json', '{"packages":{}}');
  write('npm/npm-cli.cjs.js', npm);
  write('npm/package.json', '{"type":"commonjs"}');
});
afterEach(() => rmSync(root, { recursive: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

function environment(extra: Record<string, string> = {}): NodeJS.ProcessEnv {
  const { npm_node_execpath: _theirs, ...rest } = process.env;
  return { ...rest, npm_execpath: join(root, 'npm/npm-cli.cjs.js'), ...extra };
}

function bootstrap(args: string[], extra?: Record<string, string>): SpawnSyncReturns<string> {
  const file = join(root, 'packages/cli/bootstrap.mjs');
  const options = { env: environment(extra), encoding: 'utf8', cwd: tmpdir() } as const;
  return spawnSync(process.execPath, [file, ...args], options);
}

function installed(): void {
  write('node_modules/.package-lock.json', '{"packages":{}}');
  mkdirSync(join(root, 'node_modules/.bin'));
  symlinkSync(process.execPath, join(root, 'node_modules/.bin/node'));
}

it('installs once on a bare machine, without a terminal, and says so', () => {
  const first = bootstrap(['start', 'say']);
  expect(first.stderr).toContain('dependencies are not installed');
  expect(first.stdout).toContain('start');
  const second = bootstrap(['start', 'say']);
  expect(second.stderr).toBe('');
  expect(second.status).toBe(0);
});

it('installs again when the lockfile changed', () => {
  installed();
  write('package-lock.json', '{"packages":{"node_modules/zod":{"version":"4.0.0"}}}');
  expect(bootstrap(['start', 'say']).stderr).toContain('package-lock.json changed');
  expect(bootstrap(['start', 'say']).stderr).toBe('');
});

it('says that an install failed, starts nothing, and tries again the next time', () => {
  const failed = bootstrap(['start', 'say'], { NPM_FAILS: '1' });
  expect(failed.status).toBe(1);
  expect(failed.stderr).toContain('INSTALL FAILED: npm ci (exit 5)');
  expect(failed.stdout).toBe('');
  expect(bootstrap(['start', 'say']).status).toBe(0);
});

it('generates what is stale before it runs a command', () => {
  installed();
  write('prisma/patient/schema/patient.prisma', 'model Patient {}');
  const { stderr } = bootstrap(['start', 'say']);
  expect(stderr).toContain('generating prisma:patient');
});

it('is not held up by the lock of a killed run', () => {
  const killed = spawnSync(process.execPath, ['-e', '']);
  write('.caregraph/bootstrap.lock', String(killed.pid));
  expect(bootstrap(['start', 'say']).status).toBe(0);
  expect(existsSync(join(root, '.caregraph/bootstrap.lock'))).toBe(false);
});

it("runs the repository's own node", () => {
  installed();
  writeFileSync(join(root, 'packages/cli/src/main.ts'), 'console.log(process.argv0)');
  expect(bootstrap(['start']).stdout.trim()).toBe(join(root, 'node_modules/.bin/node'));
});

it('passes exit codes and deaths by signal through', () => {
  installed();
  expect(bootstrap(['start', 'exit', '0']).status).toBe(0);
  expect(bootstrap(['start', 'exit', '42']).status).toBe(42);
  expect(bootstrap(['start', 'die', 'SIGTERM']).signal).toBe('SIGTERM');
  expect(bootstrap(['start', 'die', 'SIGKILL']).signal).toBe('SIGKILL');
});

it.each([
  ['SIGTERM', 'drained', 7],
  ['SIGINT', 'interrupted', 130],
] as const)('passes %s on once and waits for the answer', async (signal, word, code) => {
  installed();
  const file = join(root, 'packages/cli/bootstrap.mjs');
  const child = spawn(process.execPath, [file, 'start', 'wait'], {
    env: environment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (bytes: Buffer) => {
    output += bytes.toString('utf8');
    if (output === 'ready\n') child.kill(signal);
  });
  const status = await new Promise((resolve) => child.on('close', resolve));
  expect(output).toBe(`ready\n${word}\n`);
  expect(status).toBe(code);
});

it('refuses a command it does not know', () => {
  expect(bootstrap(['constructor']).status).toBe(64);
});
