import type { Clock, IdSource } from '@caregraph/clock';
import type { DatabasePool } from '@caregraph/database';
import { wipeDataKey } from './cipher/data-key.ts';
import type { FieldCodec } from './field-codec.ts';
import {
  createDataKeyRotationStore,
  type DataKeyRotationStore,
} from './key-store/data-key-rotation-store.ts';
import { createIndexKeyStore, type IndexKeyStore } from './key-store/index-key-store.ts';
import { createKeyStore, type KeyStore, type NewDataKey } from './key-store/key-store.ts';
import { createRotationStore, type RotationStore } from './key-store/rotation-store.ts';
import { newDataKeys, type KeyOwner } from './keyring/data-keys.ts';
import { createIndexKeys, type IndexKeys } from './keyring/index-keys.ts';
import { createAwayWatch, worse } from './keyring/away-watch.ts';
import type { KeyServiceState, KeyServiceWatch } from './keyring/key-service-watch.ts';
import { createKeyring, type Keyring } from './keyring/keyring.ts';
import { keyringLimits, type KeyringLimits } from './keyring/keyring-limits.ts';
import { createPartitionKeys, type PartitionKeys } from './keyring/partition-keys.ts';
import { createSealedState, type SealedState } from './keyring/sealed-state.ts';
import { createSealedCodec } from './sealed-codec.ts';

export interface StoreKeysOptions {
  /** Name of the subgraph; its wrapped keys lie in the schema of this name. */
  readonly store: string;
  /** Connections to the key database; the caller ends it. */
  readonly keyPool: DatabasePool;
  /** The key service; one watch serves all subgraphs of a process. */
  readonly watch: KeyServiceWatch;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly limits?: Partial<KeyringLimits>;
}

/** The keys of one subgraph, and the codec that seals with them. */
export interface StoreKeys {
  readonly store: string;
  readonly keyPool: DatabasePool;
  readonly watch: KeyServiceWatch;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly limits: KeyringLimits;
  readonly keyStore: KeyStore;
  readonly rotation: RotationStore;
  readonly dataKeyRotation: DataKeyRotationStore;
  readonly partitions: PartitionKeys;
  readonly keyring: Keyring;
  readonly indexKeys: IndexKeys;
  readonly indexKeyStore: IndexKeyStore;
  readonly sealedState: SealedState;
  readonly codec: FieldCodec;
  /** Makes a data key without storing it or keeping it in memory. */
  newDataKey(owner: KeyOwner): Promise<{ readonly row: NewDataKey }>;
  /** Whether keys can be had: the worse of the key service and the key database. */
  state(): KeyServiceState;
  /** Looks at the key service and the key database, and forgets keys that are past their time. Called every so often. */
  tend(): Promise<void>;
  /** Wipes what is in memory. */
  close(): void;
}

/**
 * After so long every process has read its keys anew, or has stopped working because it could not:
 * what replaced a key is known everywhere. A minute is for clocks and slow transactions.
 */
export function refreshedAfterMs({ maxAgeMs, graceMs, marginMs }: KeyringLimits): number {
  return maxAgeMs + graceMs + marginMs;
}

/**
 * Opens the keys of one subgraph. Nothing is fetched before it is needed.
 *
 * @example const keys = openStoreKeys({ store: 'patient', keyPool, watch, clock, ids });
 */
export function openStoreKeys(options: StoreKeysOptions): StoreKeys {
  const { store, keyPool, watch, clock, ids } = options;
  const limits = { ...keyringLimits, ...options.limits };
  const keyStore = createKeyStore(keyPool, store);
  const indexKeyStore = createIndexKeyStore(keyPool, store);
  const shared = { store, watch, clock, ids, limits };
  const partitions = createPartitionKeys({ ...shared, keyStore });
  const keyring = createKeyring({ ...shared, keyStore, partitions });
  const indexKeys = createIndexKeys({ ...shared, keyStore: indexKeyStore });
  const sealedState = createSealedState(keyPool, store);
  const codec = createSealedCodec({ keyring, takesPlain: () => !sealedState.isSealed() });
  const database = createAwayWatch({ clock, graceMs: limits.graceMs }, () =>
    keyPool.query('SELECT 1'),
  );
  const state = () => worse(database.state(), watch.state());
  return {
    state,
    ...shared,
    ...{ keyPool, keyStore, partitions, keyring, indexKeys, indexKeyStore, sealedState, codec },
    rotation: createRotationStore(keyPool, store),
    dataKeyRotation: createDataKeyRotationStore(keyPool, store),
    async newDataKey(owner) {
      const [made] = await newDataKeys({ store, partitions, ids }, [owner]);
      if (made === undefined) throw new Error('no data key was made');
      wipeDataKey(made.dataKey);
      return { row: made.row };
    },
    async tend() {
      try {
        await database.probe();
        await watch.probe();
      } finally {
        const past = state() === 'available' ? 'aged' : 'graced';
        keyring.forget(past);
        indexKeys.forget(past);
      }
      if (database.state() === 'available') await sealedState.refresh();
    },
    close() {
      keyring.forget('all');
      indexKeys.forget('all');
    },
  };
}
