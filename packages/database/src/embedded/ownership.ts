import pg from 'pg';
import { pollUntil } from '../poll.ts';
import { DatabaseSetupError, type DatabaseTarget } from '../target.ts';
import { superuser, type Cluster } from './cluster.ts';
import type { PostgresBinaries } from './postgres-binaries.ts';
import { endServer, forgetPostmaster, isServing, readPostmaster } from './postmaster.ts';

/**
 * The process that runs a cluster holds this advisory lock on it for as long as it lives. The
 * kernel closes the connection of a killed process, so a free lock proves that the owner is dead,
 * which a file with a process id cannot.
 */
const ownerLock = 0x43_47_50_47;

export interface Ownership {
  release(): Promise<void>;
}

/** Marks the running cluster as ours until released. */
export async function takeOwnership(
  target: DatabaseTarget,
  cluster: Cluster,
  log: (message: string) => void,
): Promise<Ownership> {
  const client = await connect(target.port, cluster);
  let released = false;
  client.on('error', () => {
    if (!released) log('the connection to the embedded PostgreSQL was lost');
  });
  const { rows } = await client.query<{ taken: boolean }>(
    'SELECT pg_try_advisory_lock($1) AS taken',
    [ownerLock],
  );
  if (rows[0]?.taken !== true) {
    await client.end();
    throw inUse(cluster, undefined);
  }
  return {
    release: async () => {
      released = true;
      await client.end();
    },
  };
}

/**
 * Clears the way for a start: a server without a living owner is ended, a stale `postmaster.pid`
 * is removed, and a server with an owner is left alone.
 *
 * @throws DatabaseSetupError `EMBEDDED_POSTGRES_IN_USE`, or `EMBEDDED_POSTGRES_FAILED` when a
 *   server without owner does not end
 */
export async function recoverOrphan(
  cluster: Cluster,
  binaries: PostgresBinaries,
  log: (message: string) => void,
): Promise<void> {
  const record = await readPostmaster(cluster.directory);
  if (!record) return;
  if (!(await isServing(record.pid, cluster.directory))) {
    // PostgreSQL would take a process that reused this id for a living server, and refuse to start.
    await forgetPostmaster(cluster.directory);
    return;
  }
  const ownership = await observeOwnership(record.pid, cluster);
  if (ownership === 'owned') throw inUse(cluster, record.pid);
  if (ownership === 'ended') return;
  log(`ending the PostgreSQL server ${record.pid} that a killed process left behind`);
  const how = await endServer(record.pid, cluster.directory, binaries.pgCtl);
  if (how !== 'stuck') return;
  throw new DatabaseSetupError(
    'EMBEDDED_POSTGRES_FAILED',
    `The PostgreSQL server ${record.pid} of ${cluster.directory} does not end: end it by hand`,
  );
}

type OwnershipState = 'owned' | 'orphaned' | 'ended';

/**
 * Looks until the answer is certain. A server that starts next to us has no owner for some
 * milliseconds, so a lock counts as free only when it stays so; the lock of a killed owner lasts
 * until the server notices the closed connection, so it counts as held only when it stays so.
 */
async function observeOwnership(pid: number, cluster: Cluster): Promise<OwnershipState> {
  let freeSince: number | undefined;
  const answer = await pollUntil<OwnershipState>(
    async () => {
      if (!(await isServing(pid, cluster.directory))) return 'ended';
      const held = await isOwned(cluster);
      if (held !== false) {
        freeSince = undefined;
        return undefined;
      }
      freeSince ??= performance.now();
      return performance.now() - freeSince > 300 ? 'orphaned' : undefined;
    },
    { timeoutMs: 3_000, everyMs: 50 },
  );
  if (answer) return answer;
  // A server that has not let anyone in for so long hangs or recovers from a crash: both end it.
  return (await isOwned(cluster)) === true ? 'owned' : 'orphaned';
}

/** Undefined: the server does not take connections now. */
async function isOwned(cluster: Cluster): Promise<boolean | undefined> {
  const record = await readPostmaster(cluster.directory);
  if (!record || record.status !== 'ready') return undefined;
  let client: pg.Client;
  try {
    client = await connect(record.port, cluster);
  } catch {
    // Starting, stopping or hung are one answer here: the caller looks again until its deadline.
    return undefined;
  }
  try {
    const { rows } = await client.query<{ held: boolean }>(
      `SELECT EXISTS (SELECT FROM pg_locks
         WHERE locktype = 'advisory' AND objid = $1 AND granted) AS held`,
      [ownerLock],
    );
    return rows[0]?.held === true;
  } finally {
    await client.end();
  }
}

async function connect(port: number, cluster: Cluster): Promise<pg.Client> {
  const client = new pg.Client({
    host: '127.0.0.1',
    port,
    user: superuser,
    password: cluster.password,
    database: 'postgres',
    application_name: 'caregraph-owner',
    connectionTimeoutMillis: 5_000,
    keepAlive: true,
  });
  await client.connect();
  return client;
}

function inUse(cluster: Cluster, pid: number | undefined): DatabaseSetupError {
  const server = pid === undefined ? '' : ` (PostgreSQL process ${pid})`;
  return new DatabaseSetupError(
    'EMBEDDED_POSTGRES_IN_USE',
    `Another running CareGraph uses the data in ${cluster.directory}${server}: ` +
      'stop it first, or choose another data directory',
  );
}
