import {
  databaseNames,
  joinEmbeddedPostgres,
  onDatabase,
  parseDatabaseUrl,
  startEmbeddedPostgres,
  storeDatabase,
  type DatabaseName,
  type DatabaseTarget,
} from '@caregraph/database';
import { readOrMakeKeys } from '@caregraph/deployment/key-file';
import type { Command } from 'commander';
import { join } from 'node:path';
import { readEmbeddedConfig, readStoreUrl } from './config.ts';
import { embeddedData } from './embedded-data.ts';

export interface StoreTarget {
  readonly store: DatabaseName;
  readonly target: DatabaseTarget;
}

/** The stores that were named, or all; a wrong name ends the command. */
export function knownStores(asked: readonly string[], program: Command): readonly DatabaseName[] {
  if (asked.length === 0) return databaseNames;
  return asked.map(
    (name) =>
      databaseNames.find((known) => known === name) ??
      program.error(`no such store: ${name} (${databaseNames.join(', ')})`),
  );
}

/**
 * Runs `work` on the databases that DATABASE_URL_PATIENT and its siblings name. Stores without such
 * a variable are those of the embedded PostgreSQL, which runs for as long as the work does.
 *
 * @param options.join works on a deployment that is there, also while it runs; none is made
 * @throws Error when there is no deployment to join, or its keys are lost
 */
export async function withStoreTargets(
  stores: readonly DatabaseName[],
  work: (targets: readonly StoreTarget[]) => Promise<void>,
  options: { readonly join?: boolean } = {},
): Promise<void> {
  const urls = stores.map((store) => readStoreUrl(store));
  const embedded = urls.includes(undefined) ? await startEmbedded(options) : undefined;
  try {
    await work(
      stores.map((store, index) => {
        const url = urls[index];
        if (url !== undefined || !embedded) return { store, target: parseDatabaseUrl(url ?? '') };
        return { store, target: onDatabase(embedded.target, storeDatabase(store)) };
      }),
    );
  } finally {
    await embedded?.stop();
  }
}

async function startEmbedded({ join: joins = false }): ReturnType<typeof startEmbeddedPostgres> {
  const dataDirectory = joins ? await embeddedData() : readEmbeddedConfig().CAREGRAPH_DATA;
  // As at a start: stores are never there without the keys of their deployment.
  if (!joins) await readOrMakeKeys(dataDirectory);
  const start = joins ? joinEmbeddedPostgres : startEmbeddedPostgres;
  return start({
    dataDirectory: join(dataDirectory, 'postgres'),
    log: (line) => console.error(`caregraph: ${line}`),
  });
}
