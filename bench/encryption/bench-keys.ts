import { join } from 'node:path';
import { createIdSource, systemClock, type Clock } from '@caregraph/clock';
import { createPool, type DatabasePool, type DatabaseTarget } from '@caregraph/database';
import {
  createKeyFileService,
  createKeyServiceWatch,
  keyringLimits,
  openStoreKeys,
  type KeyService,
  type KeyServiceWatch,
  type StoreKeys,
} from '@caregraph/encryption';

/** Keys of the stores of a bench: a key file, and a key database of its own. */
export interface BenchKeys {
  readonly keyPool: DatabasePool;
  readonly watch: KeyServiceWatch;
  /** The keys of one store; each call begins with nothing in memory, like another process. */
  open(store: string): StoreKeys;
  stop(): Promise<void>;
}

/**
 * Opens the keys under a folder, which are made where there are none.
 *
 * @param over.wrap puts something between the keyring and the key file, e.g. the way to a service
 */
export async function openBenchKeys(
  place: { readonly directory: string; readonly keyDatabase: DatabaseTarget },
  over: { readonly clock?: Clock; readonly wrap?: (service: KeyService) => KeyService } = {},
): Promise<BenchKeys> {
  const { clock = systemClock, wrap = (service) => service } = over;
  const path = join(place.directory, 'kek.json');
  const service = wrap(await createKeyFileService({ path, makeIfMissing: true }));
  const keyPool = createPool(place.keyDatabase, {
    maxConnections: 4,
    statementTimeoutMs: 600_000,
    applicationName: 'bench-keys',
  });
  const watch = createKeyServiceWatch({ service, clock, graceMs: keyringLimits.graceMs });
  const ids = createIdSource(clock);
  return {
    ...{ keyPool, watch },
    open: (store) => openStoreKeys({ store, keyPool, watch, clock, ids }),
    async stop() {
      await service.close();
      await keyPool.end();
    },
  };
}
