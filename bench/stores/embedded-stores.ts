import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import {
  migrate,
  onDatabase,
  startEmbeddedPostgres,
  storeDatabase,
  storeFiles,
  storeNames,
  type DatabaseTarget,
} from '@caregraph/database';
import { readOrMakeKeys } from '@caregraph/deployment/key-file';

export interface BenchStores {
  /** The superuser on the database `postgres`. */
  readonly server: DatabaseTarget;
  /** By store name. */
  readonly databases: Readonly<Record<string, DatabaseTarget>>;
  /** A second set of them in the same server, migrated and empty. @param prefix of their names */
  another(prefix: string): Promise<Readonly<Record<string, DatabaseTarget>>>;
  stop(): Promise<void>;
}

/** A PostgreSQL of this run's own, with the five stores and the key database migrated and empty. */
export async function startBenchStores(
  directory: string,
  say: (line: string) => void,
): Promise<BenchStores> {
  // As root the server runs under another account, which must be able to pass through.
  await chmod(directory, 0o755);
  // As in a deployment: the keys are there before the stores.
  await readOrMakeKeys(directory);
  const server = await startEmbeddedPostgres({
    dataDirectory: join(directory, 'postgres'),
    log: say,
  });
  const another = (prefix: string) => migratedStores(server.target, `${prefix}_`);
  try {
    const databases = await migratedStores(server.target, '');
    return { server: server.target, databases, another, stop: server.stop };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

async function migratedStores(server: DatabaseTarget, prefix: string) {
  const stores = [...storeNames, 'keys' as const].map((store) => ({
    store,
    target: onDatabase(server, `${prefix}${storeDatabase(store)}`),
  }));
  await Promise.all(stores.map(({ store, target }) => migrate(storeFiles(store), target)));
  return Object.fromEntries(stores.map(({ store, target }) => [store, target]));
}
