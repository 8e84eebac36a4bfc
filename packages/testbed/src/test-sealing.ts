import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createIdSource, systemClock, type Clock } from '@caregraph/clock';
import { createPool, type DatabasePool, type DatabaseTarget } from '@caregraph/database';
import {
  createKeyFileService,
  createKeyServiceWatch,
  keyringLimits,
  openAll,
  openStoreKeys,
  type KeyringLimits,
  type KeyService,
  type KeyServiceWatch,
  type StoreKeys,
} from '@caregraph/encryption';
import { createSealing, type Sealing } from '@caregraph/subgraph';
import { createTestDatabase } from './test-database.ts';

/** A key database and a key file of their own, from which any number of stores take their keys. */
export interface TestKeys {
  readonly keyDatabase: DatabaseTarget;
  readonly keyPool: DatabasePool;
  readonly keyService: KeyService;
  /** Where the key file lies. */
  readonly kekFile: string;
  readonly watch: KeyServiceWatch;
  /** The keys of one subgraph; each call is like another process. */
  open(store: string, limits?: Partial<KeyringLimits>): StoreKeys;
  /** The sealing of one subgraph over such keys. */
  sealing(store: string, limits?: Partial<KeyringLimits>): Sealing;
  /** Opens one sealed JSON value of a store, as a supervisor's tool would. */
  openKept(store: string, value: KeptBytes): Promise<unknown>;
  stop(): Promise<void>;
}

/** A value that an operation kept, with its place. */
export interface KeptBytes {
  readonly model: 'OperationRecord' | 'ConflictRecord';
  readonly field: 'sealedPayload' | 'keptSealed';
  readonly rowId: string;
  readonly ownerId: string;
  readonly sealed: Uint8Array;
}

/**
 * Makes real keys for a test: a migrated key database and a key file.
 *
 * @param over.wrap puts something between the keyring and the key service, e.g. one that fails
 * @example const keys = await createTestKeys(); const sealing = keys.sealing('patient');
 */
export async function createTestKeys(
  over: { clock?: Clock; wrap?: (service: KeyService) => KeyService } = {},
): Promise<TestKeys> {
  const { clock = systemClock, wrap = (service) => service } = over;
  const database = await createTestDatabase('keys');
  const folder = await mkdtemp(join(tmpdir(), 'caregraph-kek-'));
  const kekFile = join(folder, 'kek.json');
  const made = await createKeyFileService({ path: kekFile, makeIfMissing: true });
  const keyService = wrap(made);
  const keyPool = createPool(database.target, {
    maxConnections: 8,
    statementTimeoutMs: 10_000,
    applicationName: 'test-keys',
  });
  const watch = createKeyServiceWatch({
    service: keyService,
    clock,
    graceMs: keyringLimits.graceMs,
  });
  const ids = createIdSource(clock);
  const open: TestKeys['open'] = (store, limits = {}) =>
    openStoreKeys({ store, keyPool, watch, clock, ids, limits });
  return {
    keyDatabase: database.target,
    ...{ keyPool, keyService, kekFile, watch, open },
    async openKept(store, value) {
      const [plain] = await openAll(open(store).codec, [{ store, ...value }]);
      return JSON.parse(Buffer.from(plain ?? []).toString()) as unknown;
    },
    sealing: (store, limits) => createSealing({ keys: open(store, limits), phoneRegion: 'IN' }),
    async stop() {
      await keyService.close();
      await keyPool.end();
      await database.drop();
      await rm(folder, { recursive: true });
    },
  };
}
