import {
  createBlindIndexer,
  encodePlain,
  type KeyOwner,
  type KeyServiceState,
  type SealingDependencies,
  type StoreKeys,
} from '@caregraph/encryption';
import {
  firstPhone,
  identifierSpellings,
  nameQuery,
  nameTokens,
  normalizeIdentifier,
  normalizePhone,
} from '@caregraph/name-matching';

/** What an operation keeps although it was not applied or does not show, and whose it is. */
export interface KeptValue {
  readonly model: 'OperationRecord' | 'ConflictRecord';
  readonly field: 'sealedPayload' | 'keptSealed';
  readonly rowId: string;
  readonly owner: KeyOwner;
  readonly value: unknown;
}

/** How a subgraph seals fields, keys their blind indexes, and looks after its keys. */
export interface Sealing extends SealingDependencies {
  readonly keys: StoreKeys;
  /**
   * Fetches or makes the keys that a transaction will seal with, before it begins.
   *
   * @returns the owners that were erased: nothing may be written for them
   * @throws KeyServiceError
   */
  prepare(owners: readonly KeyOwner[]): Promise<ReadonlySet<string>>;
  /** Seals what an operation must keep. */
  keep(kept: KeptValue): Promise<Uint8Array>;
  /** Whether the key service is there. */
  state(): KeyServiceState;
}

/**
 * Creates the sealing of one store: the one place through which its sensitive fields pass.
 *
 * @param options.keys the keys of the subgraph
 * @param options.phoneRegion ISO 3166-1 region of numbers written without a country code
 */
export function createSealing(options: { keys: StoreKeys; phoneRegion: string }): Sealing {
  const { keys } = options;
  const { codec, keyring } = keys;
  const blindIndexer = createBlindIndexer({
    keys: keys.indexKeys,
    normalizers: {
      name: (value, { purpose, aspect }) =>
        purpose === 'write' ? tokensOf(value) : asked(value, aspect),
      // A record may hold several numbers or a remark; a search means one.
      phone: (value, { purpose }) =>
        present((purpose === 'write' ? firstPhone : normalizePhone)(value, options.phoneRegion)),
      identifier: (value, { purpose, companion }) =>
        purpose === 'write'
          ? present(normalizeIdentifier(companion ?? '', value))
          : identifierSpellings(companion ?? '', value),
      exact: (value) => [value],
    },
  });
  return {
    keys,
    codec,
    blindIndexer,
    prepare: keyring.prepare,
    async keep({ model, field, rowId, owner, value }) {
      await keyring.prepare([owner]);
      const plain = encodePlain('json', value, { model, field, rowId });
      const place = { store: keys.store, model, field, rowId, ownerId: owner.ownerId };
      const [sealed] = await codec.sealMany([{ ...place, plain }]);
      if (sealed === undefined) throw new Error('the codec sealed nothing');
      return sealed;
    },
    state: keys.state,
  };
}

/** Prefixes and sounds live in one column; the letter before tells them apart. */
function tokensOf(name: string): string[] {
  const { prefixes, phonetic } = nameTokens(name);
  return [...prefixes.map((one) => `=${one}`), ...phonetic.map((one) => `~${one}`)];
}

/**
 * A search asks for words by their `beginning`, by their `sound`, or by both; the store compares what
 * it has opened.
 */
function asked(query: string, aspect: string | null): string[] {
  const words = nameQuery(query).indexed;
  const beginnings = words.map(({ beginning }) => `=${beginning}`);
  const sounds = words.map(({ sound }) => `~${sound}`);
  if (aspect === 'beginning') return beginnings;
  return aspect === 'sound' ? sounds : [...beginnings, ...sounds];
}

function present(value: string | undefined): string[] {
  return value === undefined ? [] : [value];
}
