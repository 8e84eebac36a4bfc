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
import { readOrMakeKeys, type DeploymentKeys } from '@caregraph/deployment';

export interface EmbeddedStores {
  readonly keys: DeploymentKeys;
  readonly databases: Readonly<Record<DatabaseName, DatabaseTarget>>;
  stop(): Promise<void>;
}

/**
 * Starts the embedded PostgreSQL and brings all stores up to date. The keys come first: a start that
 * is killed leaves no stores without them, so that stores without keys are known to have lost them.
 */
export async function startEmbeddedStores(
  dataDirectory: string,
  log: (line: string) => void,
): Promise<EmbeddedStores> {
  const keys = await readOrMakeKeys(dataDirectory);
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
    keys,
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
