import type { Clock, IdSource } from '@caregraph/clock';
import { createPool, parseDatabaseUrl, type DatabasePool } from '@caregraph/database';
import {
  createJobStore,
  createKeyServiceWatch,
  keyringLimits,
  keyServiceConfigOf,
  openKeyService,
  observeKeys,
  openStoreKeys,
} from '@caregraph/encryption';
import type { Logger, Metrics } from '@caregraph/observability';
import { createSealing, type Sealing } from '../sealing.ts';
import type { SubgraphConfig } from './config.ts';

/** The sealing of a subgraph of the full profile, over the key service that its environment names. */
export async function connectKeys(
  store: string,
  config: SubgraphConfig,
  deps: {
    readonly clock: Clock;
    readonly ids: IdSource;
    readonly log: Logger;
    readonly metrics: Metrics;
  },
): Promise<{ readonly sealing: Sealing; readonly keyPool: DatabasePool; stop(): Promise<void> }> {
  const { clock, ids, log, metrics } = deps;
  const service = await openKeyService(keyServiceConfigOf(config), {
    clock,
    onFault: (error) => log.warn('the key service lease was not renewed', { error }),
  });
  const keyPool = createPool(parseDatabaseUrl(config.DATABASE_URL_KEYS), {
    maxConnections: config.DATABASE_MAX_CONNECTIONS,
    statementTimeoutMs: 5_000,
    transactionTimeoutMs: 10_000,
    applicationName: `caregraph-${store}-keys`,
    onIdleConnectionLost: (error) =>
      log.warn('a connection to the key database was lost', { error }),
  });
  const watch = createKeyServiceWatch({ service, clock, graceMs: keyringLimits.graceMs });
  const keys = openStoreKeys({ store, keyPool, watch, clock, ids });
  observeKeys(metrics, { watch, stores: [keys], jobs: createJobStore(keyPool) });
  return {
    sealing: createSealing({ keys, phoneRegion: config.PHONE_REGION }),
    keyPool,
    async stop() {
      await keyPool.end();
      await service.close();
    },
  };
}
