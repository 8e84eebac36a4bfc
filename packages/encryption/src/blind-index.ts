import { createHmac } from 'node:crypto';
import type { BlindIndexField, NormalizerName } from './field-map.ts';
import { createPartitionKeys } from './partition-key.ts';
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

/** Computes the tokens of many values in one call, in the order of the requests. */
export interface BlindIndexer {
  tokensOf(requests: readonly TokenRequest[]): string[][] | Promise<string[][]>;
}

const bitsPerHexDigit = 4;

/**
 * A blind indexer with one key: HMAC-SHA256 (RFC 2104), truncated to the bits that the column plans,
 * as hex digits. Store, model and field are part of the message, so the same name gives other tokens
 * in another column; a column with partitions has a key of its own for each of them.
 *
 * @param key at least 32 random bytes; a key of its own for each store
 * @param normalizers how each kind of value becomes texts (`@caregraph/name-matching` has them)
 * @example createBlindIndexer({ key, normalizers: { exact: (value) => [value], … } })
 */
export function createBlindIndexer(deps: {
  readonly key: Uint8Array;
  readonly normalizers: Normalizers;
}): BlindIndexer {
  if (deps.key.length < 32) throw new RangeError('A blind index key has at least 32 bytes.');
  const partitionKeyOf = createPartitionKeys(deps.key);
  const tokenOf = (request: TokenRequest, text: string) => {
    const { store, model, field, partition, index } = request;
    const key = partition === null ? deps.key : partitionKeyOf({ ...request, partition });
    // JSON keeps the parts apart: no two different lists give the same message.
    const message = JSON.stringify([store, model, field, partition, text]);
    const digest = createHmac('sha256', key).update(message).digest('hex');
    return digest.slice(0, index.bits / bitsPerHexDigit);
  };
  return {
    tokensOf: (requests) =>
      requests.map((request) => {
        const normalize = deps.normalizers[request.index.normalize];
        const texts = new Set(normalize(request.value, request));
        if (!request.index.list && texts.size > 1) {
          const why = 'a scalar index column takes one token, and the normaliser gave several';
          throw new SealError('SEAL_VALUE_INVALID', request, why);
        }
        // Sorted, so that the order of the tokens does not tell the order of the words. Two texts
        // may share a truncated token; it is stored once.
        return [...new Set([...texts].map((text) => tokenOf(request, text)))].sort();
      }),
  };
}
