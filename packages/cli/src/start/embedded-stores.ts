import { join } from 'node:path';
import {
  databaseNames,
  migrate,
  onDatabase,
  startEmbeddedPostgres,
  storeDatabase,
  storeFiles,
  type DatabaseName,
  type DatabaseTarget,
} from '@caregraph/database';

export interface EmbeddedStores {
  readonly databases: Readonly<Record<DatabaseName, DatabaseTarget>>;
  stop(): Promise<void>;
}

/** Starts the embedded PostgreSQL and brings all stores up to date. */
export async function startEmbeddedStores(
  dataDirectory: string,
  log: (line: string) => void,
): Promise<EmbeddedStores> {
  const server = await startEmbeddedPostgres({
    dataDirectory: join(dataDirectory, 'postgres'),
    log,
  });
  const targetOf = (store: DatabaseName) => onDatabase(server.target, storeDatabase(store));
  try {
    await Promise.all(databaseNames.map((store) => migrate(storeFiles(store), targetOf(store))));
  } catch (error) {
    await server.stop();
    throw error;
  }
  return {
    databases: {
      patient: targetOf('patient'),
      clinical: targetOf('clinical'),
      prescription: targetOf('prescription'),
      institution: targetOf('institution'),
      audit: targetOf('audit'),
      identity: targetOf('identity'),
      keys: targetOf('keys'),
    },
    stop: server.stop,
  };
}
