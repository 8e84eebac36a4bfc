import { createHmac, createSecretKey } from 'node:crypto';
import { namesPrefixed } from './cipher/associated-data.ts';
import type { IndexKey } from './cipher/index-key.ts';
import type { BlindIndexField, NormalizerName } from './field-map.ts';
import type { IndexKeys, OpenIndexKeys } from './keyring/index-keys.ts';
import { SealError } from './seal-error.ts';

export interface NormalizerContext {
  /** The value of the field named by `with:` (the type of an identifier). */
  readonly companion: string | null;
  /** Writing stores every text a value may be found by; a search asks for what was typed. */
  readonly purpose: 'write' | 'search';
  /**
   * Which of the texts of a value a search asks for; null for all of them. What there is to ask for
   * is the normaliser's matter, e.g. the `beginning` or the `sound` of a name.
   */
  readonly aspect: string | null;
}

/**
 * Turns a plain value into the texts that are looked up. A value that cannot be normalised gives
 * none: it is stored, but not found by the index.
 */
export type Normalizer = (value: string, context: NormalizerContext) => readonly string[];

export type Normalizers = Readonly<Record<NormalizerName, Normalizer>>;

export interface TokenRequest extends NormalizerContext {
  readonly store: string;
  readonly model: string;
  /** The blind index column. */
  readonly field: string;
  readonly index: BlindIndexField;
  readonly value: string;
  /** The value of the field named by `within:` (a district): each has a key of its own. */
  readonly partition: string | null;
}

/**
 * Computes the tokens of many values in one call, in the order of the requests. A search gets the
 * tokens under every live key: a row is meant when it has any of them.
 */
export interface BlindIndexer {
  tokensOf(requests: readonly TokenRequest[]): Promise<string[][]>;
  /** The texts whose tokens those are: what they agree in is found for certain, not by chance. */
  textsOf(request: TokenRequest): readonly string[];
}

/**
 * A blind indexer by FORMAT.md: HMAC-SHA256 (RFC 2104) with a key for each index, truncated to the
 * bits that its schema plans (BLIND-INDEX.md). The same name gives other tokens in another column
 * or district, and nobody can tell that they belong together.
 *
 * @param deps.keys the index keys of the subgraph
 * @param deps.normalizers how each kind of value becomes texts (`@caregraph/name-matching` has them)
 * @example createBlindIndexer({ keys, normalizers: { exact: (value) => [value], … } })
 */
export function createBlindIndexer(deps: {
  readonly keys: Pick<IndexKeys, 'of'>;
  readonly normalizers: Normalizers;
}): BlindIndexer {
  return {
    textsOf: (request) => textsOf(deps.normalizers, request),
    async tokensOf(requests) {
      const keys = await deps.keys.of(requests.map(columnOf));
      return requests.map((request) => {
        const own = keys.get(columnOf(request));
        if (own === undefined) {
          throw new SealError('BLIND_INDEX_KEY_MISSING', request, 'the index has no key');
        }
        const texts = textsOf(deps.normalizers, request);
        const tokens = liveKeys(own, request.purpose).flatMap((live) => {
          const key = live.ofPartition(request.partition);
          return texts.map((text) => tokenOf(key, request, text));
        });
        // Sorted, so that the order of the tokens does not tell the order of the words.
        return [...new Set(tokens)].sort();
      });
    },
  };
}

function columnOf({ model, field }: TokenRequest): string {
  return `${model}.${field}`;
}

function liveKeys(keys: OpenIndexKeys, purpose: TokenRequest['purpose']): readonly IndexKey[] {
  return purpose === 'write' ? [keys.written] : keys.searched;
}

function textsOf(normalizers: Normalizers, request: TokenRequest): readonly string[] {
  const texts = new Set(normalizers[request.index.normalize](request.value, request));
  if (request.purpose === 'write' && !request.index.list && texts.size > 1) {
    const why = 'a scalar index column takes one token, and the normaliser gave several';
    throw new SealError('SEAL_VALUE_INVALID', request, why);
  }
  return [...texts];
}

function tokenOf(key: Uint8Array, request: TokenRequest, text: string): string {
  return createHmac('sha256', createSecretKey(key))
    .update(namesPrefixed(request.store, request.model, request.field))
    .update(text)
    .digest('hex')
    .slice(0, request.index.bits / 4);
}
