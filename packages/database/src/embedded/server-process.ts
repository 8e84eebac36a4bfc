import { spawn } from 'node:child_process';
import { open, readFile, rename, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { hasCode } from '@caregraph/files';
import { pollUntil } from '../poll.ts';
import { DatabaseSetupError } from '../target.ts';
import { serverEnvironment, type Cluster } from './cluster.ts';
import type { PostgresBinaries } from './postgres-binaries.ts';
import { readPostmaster } from './postmaster.ts';
import type { ServerAccount } from './server-account.ts';
import { serverSettings } from './settings.ts';

/** A cluster that is ready to be served. */
export interface Installation {
  readonly base: string;
  readonly binaries: PostgresBinaries;
  readonly account: ServerAccount | undefined;
  readonly cluster: Cluster;
  readonly log: (message: string) => void;
}

export interface ServerProcess {
  readonly pid: number;
  /** The exit code, or the signal, once the server has ended. */
  readonly exited: Promise<number | string>;
}

const maxLogBytes = 10 * 1024 * 1024;
const readyTimeoutMs = 600_000;

/** The wanted port when it is free, or one that is. @throws DatabaseSetupError `PORT_TAKEN` */
export async function choosePort(wanted: number | undefined): Promise<number> {
  const probe = createServer();
  return new Promise((resolve, reject) => {
    probe.once('error', (error: Error & { code?: string }) => {
      reject(error.code === 'EADDRINUSE' ? portTaken(wanted ?? 0, error) : error);
    });
    probe.listen({ host: '127.0.0.1', port: wanted ?? 0, exclusive: true }, () => {
      const address = probe.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      probe.close(() => resolve(port));
    });
  });
}

/** Starts the server and waits until it takes connections, however long its recovery lasts. */
export async function spawnServer(
  { base, binaries, account, cluster, log }: Installation,
  port: number,
): Promise<ServerProcess> {
  const { path: logPath, offset } = await rotateLog(base);
  const logFile = await open(logPath, 'a', 0o600);
  const child = spawn(binaries.postgres, ['-D', cluster.directory, ...serverSettings(port)], {
    cwd: base,
    stdio: ['ignore', logFile.fd, logFile.fd],
    // A session of its own: Ctrl-C in a terminal must reach us alone, so that requests drain while
    // the database is still there.
    detached: process.platform !== 'win32',
    ...serverEnvironment(),
    ...account,
  });
  let ended: number | string | undefined;
  const exited = new Promise<number | string>((resolve) => {
    child.once('error', (error) => resolve((ended = error.message)));
    child.once('exit', (code, signal) => resolve((ended = code ?? signal ?? 'unknown')));
  });
  const ready = await pollUntil(
    async () => {
      if (ended !== undefined) return false;
      const record = await readPostmaster(cluster.directory);
      return record?.pid === child.pid && record?.status === 'ready' ? true : undefined;
    },
    { timeoutMs: readyTimeoutMs },
  );
  await logFile.close();
  if (ready === true && child.pid !== undefined) return { pid: child.pid, exited };
  if (ended === undefined) child.kill('SIGQUIT');
  const words = (await readFile(logPath, 'utf8')).slice(offset).trim();
  if (/could not bind IPv4 address .*(in use|only one usage)/is.test(words)) throw portTaken(port);
  log(`the embedded PostgreSQL did not start; its log is ${logPath}`);
  throw new DatabaseSetupError(
    'EMBEDDED_POSTGRES_FAILED',
    `PostgreSQL did not start (exit ${String(ended)}): ${words.slice(-2_000)}`,
  );
}

async function rotateLog(base: string): Promise<{ path: string; offset: number }> {
  const path = join(base, 'server.log');
  try {
    const { size } = await stat(path);
    if (size < maxLogBytes) return { path, offset: size };
    await rename(path, `${path}.1`);
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error;
  }
  return { path, offset: 0 };
}

function portTaken(port: number, cause?: unknown): DatabaseSetupError {
  return new DatabaseSetupError(
    'PORT_TAKEN',
    `Port ${port} on 127.0.0.1 is taken by another program: choose another for PostgreSQL`,
    { cause },
  );
}
