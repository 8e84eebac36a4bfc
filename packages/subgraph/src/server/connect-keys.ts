import type { Clock, IdSource } from '@caregraph/clock';
import { createPool, parseDatabaseUrl, type DatabasePool } from '@caregraph/database';
import {
  createKeyServiceWatch,
  keyringLimits,
  openKeyService,
  openStoreKeys,
} from '@caregraph/encryption';
import type { Logger } from '@caregraph/observability';
import { createSealing, type Sealing } from '../sealing.ts';
import type { SubgraphConfig } from './config.ts';

/** The sealing of a subgraph of the full profile, over the key service that its environment names. */
export async function connectKeys(
  store: string,
  config: SubgraphConfig,
  deps: { readonly clock: Clock; readonly ids: IdSource; readonly log: Logger },
): Promise<{ readonly sealing: Sealing; readonly keyPool: DatabasePool; stop(): Promise<void> }> {
  const { clock, ids, log } = deps;
  const service = await openKeyService(config);
  const keyPool = createPool(parseDatabaseUrl(config.KEYS_DATABASE_URL), {
    maxConnections: config.DATABASE_MAX_CONNECTIONS,
    statementTimeoutMs: 5_000,
    transactionTimeoutMs: 10_000,
    applicationName: `caregraph-${store}-keys`,
    onIdleConnectionLost: (error) =>
      log.warn('a connection to the key database was lost', { error }),
  });
  const watch = createKeyServiceWatch({ service, clock, graceMs: keyringLimits.graceMs });
  const keys = openStoreKeys({ store, keyPool, watch, clock, ids });
  return {
    sealing: createSealing({ keys, phoneRegion: config.PHONE_REGION }),
    keyPool,
    async stop() {
      await keyPool.end();
      await service.close();
    },
  };
}
