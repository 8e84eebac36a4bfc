import type { Clock, IdSource } from '@caregraph/clock';
import type { FieldCodec } from './field-codec.ts';
import { createIndexKeyStore, type IndexKeyStore } from './key-store/index-key-store.ts';
import { createKeyStore } from './key-store/key-store.ts';
import type { SqlPool } from './key-store/sql-pool.ts';
import { createIndexKeys, type IndexKeys } from './keyring/index-keys.ts';
import type { KeyServiceWatch } from './keyring/key-service-watch.ts';
import { createKeyring, type Keyring } from './keyring/keyring.ts';
import { keyringLimits, type KeyringLimits } from './keyring/keyring-limits.ts';
import { createPartitionKeys } from './keyring/partition-keys.ts';
import { createSealedState, type SealedState } from './keyring/sealed-state.ts';
import { createSealedCodec } from './sealed-codec.ts';

export interface StoreKeysOptions {
  /** Name of the subgraph; its wrapped keys lie in the schema of this name. */
  readonly store: string;
  /** Connections to the key database; the caller ends it. */
  readonly keyPool: SqlPool;
  /** The key service; one watch serves all subgraphs of a process. */
  readonly watch: KeyServiceWatch;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly limits?: Partial<KeyringLimits>;
}

/** The keys of one subgraph, and the codec that seals with them. */
export interface StoreKeys {
  readonly store: string;
  readonly keyPool: SqlPool;
  readonly watch: KeyServiceWatch;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly limits: KeyringLimits;
  readonly keyring: Keyring;
  readonly indexKeys: IndexKeys;
  readonly indexKeyStore: IndexKeyStore;
  readonly sealedState: SealedState;
  readonly codec: FieldCodec;
  /** Looks at the key service, and forgets keys that are past their time. Called every so often. */
  tend(): Promise<void>;
  /** Wipes what is in memory. */
  close(): void;
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
  return {
    ...shared,
    ...{ keyPool, keyring, indexKeys, indexKeyStore, sealedState, codec },
    async tend() {
      keyring.forget();
      await watch.probe();
      await sealedState.refresh();
    },
    close() {
      keyring.forget('all');
      indexKeys.forget();
    },
  };
}
