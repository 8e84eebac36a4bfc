import { spawn, type ChildProcess } from 'node:child_process';
import { chmod, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../fixtures/test-server.ts';
import { withClient } from '../migrations/scratch-database.ts';
import { pollUntil } from '../poll.ts';
import type { DatabaseTarget } from '../target.ts';
import { startEmbeddedPostgres, type EmbeddedPostgres } from './embedded-postgres.ts';
import { endServer, isServing, readPostmaster } from './postmaster.ts';

let directory: string;
let lines: string[];
const cleanups: (() => Promise<unknown>)[] = [];
const log = (line: string): void => void lines.push(line);

beforeEach(async () => {
  directory = await temporaryDirectory();
  lines = [];
});

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  await rm(directory, { recursive: true, force: true });
});

async function start(options: { port?: number } = {}): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({ dataDirectory: directory, log, ...options });
  cleanups.push(() => server.stop());
  return server;
}

async function ask(target: DatabaseTarget, sql: string): Promise<unknown> {
  return withClient(target, async (client) => {
    const { rows } = await client.query<{ answer: unknown }>(sql);
    return rows[0]?.answer;
  });
}

/** Another process that owns the server of the directory; resolves when it serves. */
async function holdInAnotherProcess(): Promise<{ holder: ChildProcess; port: number }> {
  const program = join(import.meta.dirname, '..', 'fixtures', 'hold-server.ts');
  const holder = spawn(process.execPath, [program, directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  cleanups.push(async () => {
    if (holder.exitCode === null && holder.signalCode === null) await kill(holder);
    const orphan = await readPostmaster(join(directory, 'cluster'));
    if (orphan) await endServer(orphan.pid, join(directory, 'cluster'), '');
  });
  const port = await new Promise<number>((resolve, reject) => {
    holder.stdout.once('data', (chunk: Buffer) => resolve(Number(chunk.toString())));
    holder.once('exit', (code) => reject(new Error(`the holder ended with ${String(code)}`)));
  });
  return { holder, port };
}

async function kill(holder: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => holder.once('exit', resolve));
  holder.kill('SIGKILL');
  await ended;
}

describe('the embedded PostgreSQL', () => {
  it('makes a durable cluster of version 18 behind a password, on loopback only', async () => {
    const { target } = await start();
    expect(
      await ask(target, `SELECT current_setting('server_version_num')::int / 10000 AS answer`),
    ).toBe(18);
    for (const setting of ['fsync', 'synchronous_commit', 'full_page_writes']) {
      expect(await ask(target, `SELECT current_setting('${setting}') AS answer`)).toBe('on');
    }
    expect(await ask(target, `SELECT current_setting('listen_addresses') AS answer`)).toBe(
      '127.0.0.1',
    );
    expect(await ask(target, `SELECT current_setting('TimeZone') AS answer`)).toBe('UTC');
    await expect(ask({ ...target, password: 'guess' }, 'SELECT 1 AS answer')).rejects.toThrow(
      /password authentication failed/,
    );
  });

  it('keeps its password where only its owner reads it', async () => {
    const { target, dataDirectory } = await start();
    const path = join(dataDirectory, 'superuser-password');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(join(dataDirectory, 'cluster'))).mode & 0o077).toBe(0);
    expect((await readFile(path, 'utf8')).trim()).toBe(target.password);
    expect(target.password.length).toBeGreaterThan(40);
  });

  it('keeps data and password over a restart', async () => {
    const first = await start();
    await ask(first.target, `CREATE TABLE kept AS SELECT 42 AS answer`);
    await first.stop();
    await first.stop();
    expect(await readPostmaster(join(first.dataDirectory, 'cluster'))).toBeUndefined();
    const second = await start();
    expect(second.target.password).toBe(first.target.password);
    expect(await ask(second.target, 'SELECT answer FROM kept')).toBe(42);
  });

  it('keeps values of rows out of its log', async () => {
    const { target, dataDirectory } = await start();
    await ask(target, `CREATE TABLE person (phone text PRIMARY KEY)`);
    await ask(target, `INSERT INTO person VALUES ('+91-secret')`);
    await expect(ask(target, `INSERT INTO person VALUES ('+91-secret')`)).rejects.toThrow();
    await expect(ask(target, `SELECT 'secret-uuid'::uuid AS answer`)).rejects.toThrow();
    expect(await readFile(join(dataDirectory, 'server.log'), 'utf8')).not.toContain('secret');
  });

  it('starts again by itself after its process was killed', async () => {
    const { holder, port } = await holdInAnotherProcess();
    const orphan = await readPostmaster(join(directory, 'cluster'));
    await kill(holder);
    const server = await start({ port });
    expect(lines.join()).toContain(`ending the PostgreSQL server ${orphan?.pid}`);
    expect(server.target.port).toBe(port);
    expect(await ask(server.target, 'SELECT 1 AS answer')).toBe(1);
  });

  it('starts again after the server was killed as well', async () => {
    const { holder } = await holdInAnotherProcess();
    const cluster = join(directory, 'cluster');
    const orphan = await readPostmaster(cluster);
    await kill(holder);
    if (orphan) process.kill(orphan.pid, 'SIGKILL');
    await pollUntil(async () => (orphan && !(await isServing(orphan.pid, cluster))) || undefined, {
      timeoutMs: 10_000,
    });
    const { target } = await start();
    expect(await ask(target, 'SELECT 1 AS answer')).toBe(1);
  });

  it('does not take an unrelated process that reused the id for its server', async () => {
    const first = await start();
    await first.stop();
    const cluster = join(first.dataDirectory, 'cluster');
    await writeFile(
      join(cluster, 'postmaster.pid'),
      `${process.pid}\n${cluster}\n1700000000\n5432\n\n127.0.0.1\n  1 2\nready   \n`,
    );
    const { target } = await start();
    expect(await ask(target, 'SELECT 1 AS answer')).toBe(1);
  });

  it('makes its cluster again when the first start was cut short', async () => {
    await mkdir(join(directory, 'cluster.partial-999999999'));
    const { target, dataDirectory } = await start();
    expect(await ask(target, 'SELECT 1 AS answer')).toBe(1);
    await expect(stat(join(dataDirectory, 'cluster.partial-999999999'))).rejects.toThrow('ENOENT');
  });

  it('leaves the server of a living process alone', async () => {
    const { port } = await holdInAnotherProcess();
    await expect(start()).rejects.toMatchObject({ code: 'EMBEDDED_POSTGRES_IN_USE' });
    const password = (await readFile(join(directory, 'superuser-password'), 'utf8')).trim();
    const target = { host: '127.0.0.1', port, user: 'caregraph', password, database: 'postgres' };
    expect(await ask(target, 'SELECT 1 AS answer')).toBe(1);
  });

  it.runIf(process.getuid?.() === 0)(
    'goes elsewhere when the server account cannot reach the directory, and says so',
    async () => {
      const closed = join(directory, 'closed');
      await mkdir(closed, { mode: 0o700 });
      await chmod(directory, 0o700);
      const server = await startEmbeddedPostgres({ dataDirectory: join(closed, 'data'), log });
      cleanups.push(async () => {
        await server.stop();
        await rm(server.dataDirectory, { recursive: true, force: true });
      });
      expect(server.dataDirectory.startsWith(directory)).toBe(false);
      expect(lines.join()).toContain(`the data is in ${server.dataDirectory}`);
      expect(await ask(server.target, 'SELECT 1 AS answer')).toBe(1);
    },
  );

  it('says clearly that a port is taken', async () => {
    const blocker = createServer();
    const port = await new Promise<number>((resolve) => {
      blocker.listen(0, '127.0.0.1', () => {
        const address = blocker.address();
        resolve(typeof address === 'object' && address !== null ? address.port : 0);
      });
    });
    cleanups.push(() => new Promise((resolve) => blocker.close(resolve)));
    await expect(start({ port })).rejects.toMatchObject({
      code: 'PORT_TAKEN',
      message: expect.stringContaining(String(port)) as string,
    });
  });

  it('tells when the server ends by itself', async () => {
    const server = await start();
    const record = await readPostmaster(join(server.dataDirectory, 'cluster'));
    if (record) process.kill(record.pid, 'SIGQUIT');
    const told = await pollUntil(
      async () => lines.find((line) => line.includes('ended by itself')),
      { timeoutMs: 10_000 },
    );
    expect(told).toBeDefined();
  });
});
