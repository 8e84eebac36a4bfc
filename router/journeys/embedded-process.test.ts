import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isRunning, startProcess, type RunningProcess } from './test-process.ts';

/** What a newcomer does: start it, ask it, stop it, pull the plug, start it again. */

const run = promisify(execFile);
let folder: string;
let port: number;
let started: RunningProcess;

const environment = () => ({
  CAREGRAPH_DATA: join(folder, 'data'),
  DEMO_HOUSEHOLDS: '3',
  PORT: String(port),
});
const start = () => startProcess(['packages/cli/src/main.ts', 'start'], environment());
const greeted = (one: RunningProcess) => one.said('Stop: Ctrl-C');

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : -1;
}

/** Id of the PostgreSQL server over the data directory; undefined when there is none. */
async function postmaster(): Promise<number | undefined> {
  const files = await readdir(join(folder, 'data'), { recursive: true });
  const path = files.find((file) => file.endsWith('postmaster.pid'));
  if (path === undefined) return undefined;
  const [first] = (await readFile(join(folder, 'data', path), 'utf8')).split('\n');
  return Number(first);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'caregraph-embedded-'));
  // Run as root, the server has an account of its own, which must be able to pass.
  await chmod(folder, 0o755);
  port = await freePort();
  started = start();
  await greeted(started);
});
afterAll(async () => {
  started.kill('SIGTERM');
  await started.ended;
  const left = await postmaster();
  if (left !== undefined && isRunning(left)) process.kill(left, 'SIGINT');
  await rm(folder, { recursive: true, force: true });
});

/** Runs the query that the greeting offers, exactly as it stands there. */
async function runGreeting(): Promise<{ data: unknown; errors?: unknown }> {
  const text = started.stdout();
  const start = text.indexOf('curl -s');
  const curl = text.slice(start, text.indexOf('\n\n', start));
  const { stdout } = await run('sh', ['-c', curl]);
  return JSON.parse(stdout) as { data: unknown; errors?: unknown };
}

async function nameAll(): Promise<string[]> {
  const main = join(import.meta.dirname, '../../packages/cli/src/main.ts');
  const { stdout } = await run(process.execPath, [main, 'token', '--as', 'hospital-clinician'], {
    env: { PATH: process.env['PATH'], ...environment() },
  });
  const answer = await fetch(`http://127.0.0.1:${port}/graphql`, {
    method: 'POST',
    headers: { authorization: `Bearer ${stdout.trim()}`, 'content-type': 'application/json' },
    body: JSON.stringify({ query: '{ patients(first: 200) { edges { node { id name } } } }' }),
  });
  const { data } = (await answer.json()) as {
    data: { patients: { edges: { node: { id: string; name: string } }[] } };
  };
  return data.patients.edges.map(({ node }) => `${node.id} ${node.name}`);
}

test('the query of the greeting is answered with people and no error', async () => {
  const { data, errors } = await runGreeting();
  expect(errors).toBeUndefined();
  expect(data).toMatchObject({
    prescriptions: {
      edges: expect.arrayContaining([
        {
          node: expect.objectContaining({
            prescriber: { name: expect.any(String) },
            patient: expect.objectContaining({
              name: expect.any(String),
              latestCheckup: expect.objectContaining({ visitType: expect.any(String) }),
              accessHistory: expect.any(Object),
            }),
          }),
        },
      ]),
    },
  });
});

test('a token for a health worker opens the graph, one for nobody is refused', async () => {
  const main = join(import.meta.dirname, '../../packages/cli/src/main.ts');
  const token = (who: string) =>
    run(process.execPath, [main, 'token', '--as', who], {
      env: { PATH: process.env['PATH'], ...environment() },
    });
  const { stdout } = await token('health-worker');
  const answer = await fetch(`http://127.0.0.1:${port}/graphql`, {
    method: 'POST',
    headers: { authorization: `Bearer ${stdout.trim()}`, 'content-type': 'application/json' },
    body: JSON.stringify({ query: '{ me { role } }' }),
  });
  expect(await answer.json()).toEqual({ data: { me: { role: 'HEALTH_WORKER' } } });
  await expect(token('nobody')).rejects.toThrow('nobody in the demo district is called nobody');
});

test('SIGTERM ends it with 0 and leaves no database server; a second start has the same people', async () => {
  const before = await nameAll();
  expect(before.length).toBeGreaterThan(3);
  const server = await postmaster();
  expect(server !== undefined && isRunning(server)).toBe(true);
  started.kill('SIGTERM');
  expect(await started.ended).toBe(0);
  expect(await postmaster()).toBeUndefined();
  expect(isRunning(server ?? -1)).toBe(false);
  started = start();
  await greeted(started);
  expect(started.stderr()).not.toContain('loading');
  expect(await nameAll()).toEqual(before);
});

test('after SIGKILL the next start is as if nothing had happened', async () => {
  const before = await nameAll();
  started.kill('SIGKILL');
  await started.ended;
  started = start();
  await greeted(started);
  expect(await nameAll()).toEqual(before);
  expect((await runGreeting()).errors).toBeUndefined();
});

test('a taken port is said before anything is made', async () => {
  const holder = createServer();
  await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
  // A TCP server that listens has an address of this shape.
  const taken = (holder.address() as AddressInfo).port;
  const data = join(folder, 'other');
  const late = startProcess(['packages/cli/src/main.ts', 'start'], {
    CAREGRAPH_DATA: data,
    PORT: String(taken),
  });
  expect(await late.ended).toBe(1);
  expect(late.stderr()).toContain(`Port ${taken} is taken.`);
  expect(late.stderr()).not.toContain('    at ');
  expect(existsSync(data)).toBe(false);
  await new Promise((resolve) => holder.close(resolve));
});
