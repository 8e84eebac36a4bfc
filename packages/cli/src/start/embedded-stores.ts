import { join } from 'node:path';
import {
  migrate,
  onDatabase,
  startEmbeddedPostgres,
  storeDatabase,
  storeFiles,
  storeNames,
  type DatabaseTarget,
  type StoreName,
} from '@caregraph/database';

export interface EmbeddedStores {
  readonly databases: Readonly<Record<StoreName, DatabaseTarget>>;
  stop(): Promise<void>;
}

/** Starts the embedded PostgreSQL and brings the five stores up to date. */
export async function startEmbeddedStores(
  dataDirectory: string,
  log: (line: string) => void,
): Promise<EmbeddedStores> {
  const server = await startEmbeddedPostgres({
    dataDirectory: join(dataDirectory, 'postgres'),
    log,
  });
  const targetOf = (store: StoreName) => onDatabase(server.target, storeDatabase(store));
  try {
    await Promise.all(storeNames.map((store) => migrate(storeFiles(store), targetOf(store))));
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
    },
    stop: server.stop,
  };
}
