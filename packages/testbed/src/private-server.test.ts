import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { talk, until } from './port.ts';

const here = (file: string): string => JSON.stringify(join(import.meta.dirname, file));

/** Holds a small server in a process of its own and says where it listens. */
const holder = `
  const { serverFolder, startPrivateServer } = await import(${here('private-server.ts')});
  const { freePort, talk, until } = await import(${here('port.ts')});
  const port = await freePort();
  const server = \`require('net').createServer((s) => s.on('error', () => {})).listen(\${port}, '127.0.0.1')\`;
  const args = ['-e', server];
  const folder = await serverFolder('echo');
  startPrivateServer(folder, { program: process.execPath, args, quitSignal: 'SIGTERM' });
  const answers = async () => (await talk('127.0.0.1', port, { timeoutMs: 1000 })) !== undefined;
  await until('no answer', 20000, answers);
  console.log(port);
  setInterval(() => {}, 1000);
`;

async function hold(): Promise<{ child: ReturnType<typeof spawn>; port: number }> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', holder]);
  const port = await new Promise<string>((resolve, reject) => {
    child.stdout.once('data', (bytes: Buffer) => resolve(bytes.toString('utf8')));
    child.once('exit', (code) => reject(new Error(`the holder ended with ${code}`)));
  });
  return { child, port: Number(port) };
}

const silent = (port: number) => async (): Promise<boolean> =>
  (await talk('127.0.0.1', port, { timeoutMs: 1000 })) === undefined;

it('ends a server with the process that started it', async () => {
  const { child, port } = await hold();
  child.kill('SIGTERM');
  await until('the server went on', 10_000, silent(port));
  await until('the holder went on', 10_000, async () => child.signalCode === 'SIGTERM');
});

it.runIf(process.platform === 'linux')(
  'ends on the next start what a killed process left behind',
  async () => {
    const first = await hold();
    first.child.kill('SIGKILL');
    await until('the holder went on', 10_000, async () => first.child.signalCode === 'SIGKILL');
    expect(await silent(first.port)()).toBe(false);
    const second = await hold();
    await until('the orphan went on', 10_000, silent(first.port));
    second.child.kill('SIGTERM');
    await until('the server went on', 10_000, silent(second.port));
  },
);

it('says what was tried when there is no server', () => {
  const code = `
    const { firstAvailable } = await import(${here('service.ts')});
    const { namedServer } = await import(${here('named-server.ts')});
    await firstAvailable('Redis', [namedServer('TEST_REDIS_URL', 6379)]);
  `;
  const env = { ...process.env, TEST_REDIS_URL: 'redis://127.0.0.1:1' };
  const args = ['--input-type=module', '-e', code];
  const { stderr, status } = spawnSync(process.execPath, args, { env, encoding: 'utf8' });
  expect(status).not.toBe(0);
  expect(stderr).toContain('No Redis for the tests');
  expect(stderr).toContain('TEST_REDIS_URL: nothing listens on 127.0.0.1:1');
});
