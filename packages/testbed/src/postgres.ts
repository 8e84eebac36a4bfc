import { startEmbeddedPostgres } from '@caregraph/database';
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { startContainer } from './container.ts';
import { ensureDebianPackage } from './debian.ts';
import { namedServer } from './named-server.ts';
import { freePort, until } from './port.ts';
import {
  serverAccount,
  serverFolder,
  startPrivateServer,
  type Account,
  type PrivateServer,
} from './private-server.ts';
import { firstAvailable, type Provider, type Service } from './service.ts';

/** Made-up data that dies with the run needs no fsync; many small test files need connections. */
const settings = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  max_connections: '300',
  shared_buffers: '128MB',
  // In the data folder, so that nothing stays behind in /dev/shm, which containers keep small.
  dynamic_shared_memory_type: 'mmap',
  unix_socket_directories: '',
  listen_addresses: '127.0.0.1',
};

/**
 * A real PostgreSQL (15 or later) for tests, empty but for its `postgres` database.
 *
 * @throws Error that says what was tried when there is none
 * @example const postgres = await startPostgres(console.log); // …; await postgres.stop()
 */
export function startPostgres(log: (line: string) => void = () => {}): Promise<Service> {
  return firstAvailable('PostgreSQL', [
    namedServer('TEST_POSTGRES_URL', 5432),
    inContainer,
    fromDebian(log),
    fromNpm(log),
  ]);
}

const inContainer: Provider = {
  name: 'container engine',
  async provide() {
    const password = 'testbed';
    const env = { POSTGRES_PASSWORD: password };
    // With the collector, the log is a file of the server, which tests read over a connection.
    const command = ['-c', 'logging_collector=on'];
    const container = await startContainer('postgres:15', 5432, env, command);
    if ('unavailable' in container) return container;
    const url = `postgresql://postgres:${password}@127.0.0.1:${container.port}/postgres`;
    await answers(url, () => {});
    return { url, origin: container.engine, stop: () => container.stop() };
  },
};

function fromDebian(log: (line: string) => void): Provider {
  return {
    name: 'Debian package',
    async provide() {
      const installation = await ensureDebianPackage(
        'postgresql',
        () => binaries() !== undefined,
        log,
      );
      const folder = binaries();
      if ('unavailable' in installation) return installation;
      if (folder === undefined) return { unavailable: 'its version is below 15' };
      return startCluster(folder);
    },
  };
}

/** The newest version that is installed, from 15 on: what production supports. */
function binaries(): string | undefined {
  const version = (path: string): number => Number(/postgresql\/(\d+)\//.exec(path)?.[1]);
  return globSync('/usr/lib/postgresql/*/bin/initdb')
    .filter((path) => version(path) >= 15)
    .sort((a, b) => version(b) - version(a))
    .map((path) => path.slice(0, -'/initdb'.length))[0];
}

async function startCluster(bin: string): Promise<Service> {
  const account = serverAccount('postgres');
  const folder = await serverFolder('postgres', account);
  initialise(bin, folder, account);
  const port = await freePort();
  const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const server = startPrivateServer(folder, {
    program: join(bin, 'postgres'),
    args: ['-D', join(folder, 'data'), '-p', String(port), ...options],
    account,
    quitSignal: 'SIGQUIT',
  });
  const url = `postgresql://postgres@127.0.0.1:${port}/postgres`;
  await started(server, url);
  return { url, origin: bin, stop: () => server.stop() };
}

function initialise(bin: string, folder: string, account: Account | undefined): void {
  const args = ['-D', join(folder, 'data'), '-U', 'postgres', '--auth=trust', '--no-sync'];
  const locale = ['--encoding=UTF8', '--locale=C.UTF-8'];
  const options = { cwd: folder, encoding: 'utf8', ...account } as const;
  const result = spawnSync(join(bin, 'initdb'), [...args, ...locale], options);
  if (result.status !== 0) throw new Error(`initdb failed: ${result.error ?? result.stderr}`);
}

function fromNpm(log: (line: string) => void): Provider {
  return {
    name: 'PostgreSQL from npm',
    async provide() {
      const dataDirectory = await mkdtemp(join(tmpdir(), 'caregraph-postgres-'));
      const server = await startEmbeddedPostgres({ dataDirectory, log });
      const { user, password, host, port } = server.target;
      return {
        url: `postgresql://${user}:${encodeURIComponent(password)}@${host}:${port}/postgres`,
        origin: 'npm',
        async stop() {
          await server.stop();
          await rm(dataDirectory, { recursive: true, force: true });
        },
      };
    },
  };
}

async function started(server: PrivateServer, url: string): Promise<void> {
  try {
    await answers(url, () => server.assertAlive());
  } catch (error) {
    await server.stop();
    throw error;
  }
}

async function answers(url: string, assertAlive: () => void): Promise<void> {
  await until('PostgreSQL did not answer', 30_000, async () => {
    assertAlive();
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2000 });
    try {
      await client.connect();
      await client.query('select 1');
      return true;
    } catch {
      return false; // it is still starting; the deadline ends the asking
    } finally {
      await client.end().catch(() => {});
    }
  });
}
