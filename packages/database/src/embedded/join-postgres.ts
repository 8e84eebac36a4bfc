import { DatabaseSetupError } from '../target.ts';
import { openCluster, superuser } from './cluster.ts';
import {
  startEmbeddedPostgres,
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
} from './embedded-postgres.ts';
import { locateBinaries } from './postgres-binaries.ts';
import { readPostmaster } from './postmaster.ts';
import { findServerAccount, prepareDataDirectory } from './server-account.ts';

/**
 * The embedded PostgreSQL of a data directory, whether a deployment runs it right now or not: work
 * that may be done beside live traffic joins it, and starts it where nobody does.
 *
 * @returns `stop` ends the server only when it was started here
 * @throws DatabaseSetupError as `startEmbeddedPostgres` does
 */
export async function joinEmbeddedPostgres(
  options: EmbeddedPostgresOptions,
): Promise<EmbeddedPostgres> {
  try {
    return await startEmbeddedPostgres(options);
  } catch (error) {
    const isRunning =
      error instanceof DatabaseSetupError && error.code === 'EMBEDDED_POSTGRES_IN_USE';
    if (!isRunning) throw error;
    const running = await findRunning(options);
    // It ended between the two looks.
    return running ?? startEmbeddedPostgres(options);
  }
}

async function findRunning({
  dataDirectory,
  log,
}: EmbeddedPostgresOptions): Promise<EmbeddedPostgres | undefined> {
  const account = await findServerAccount(log);
  const base = await prepareDataDirectory(dataDirectory, account, log);
  const binaries = await locateBinaries(base, account, log);
  const cluster = await openCluster(base, binaries, account, log);
  const record = await readPostmaster(cluster.directory);
  if (record?.status !== 'ready') return undefined;
  return {
    target: {
      host: '127.0.0.1',
      port: record.port,
      user: superuser,
      password: cluster.password,
      database: 'postgres',
    },
    dataDirectory: base,
    stop: () => Promise.resolve(),
  };
}
