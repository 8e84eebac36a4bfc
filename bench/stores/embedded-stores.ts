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

export interface BenchStores {
  /** The superuser on the database `postgres`. */
  readonly server: DatabaseTarget;
  /** By store name. */
  readonly databases: Readonly<Record<string, DatabaseTarget>>;
  stop(): Promise<void>;
}

/** A PostgreSQL of this run's own, with the five stores and the key database migrated and empty. */
export async function startBenchStores(
  directory: string,
  say: (line: string) => void,
): Promise<BenchStores> {
  // As root the server runs under another account, which must be able to pass through.
  await chmod(directory, 0o755);
  const server = await startEmbeddedPostgres({
    dataDirectory: join(directory, 'postgres'),
    log: say,
  });
  const names = [...storeNames, 'keys'] as const;
  const targetOf = (store: (typeof names)[number]) =>
    onDatabase(server.target, storeDatabase(store));
  try {
    await Promise.all(names.map((store) => migrate(storeFiles(store), targetOf(store))));
  } catch (error) {
    await server.stop();
    throw error;
  }
  return {
    server: server.target,
    databases: Object.fromEntries(names.map((store) => [store, targetOf(store)])),
    stop: server.stop,
  };
}
