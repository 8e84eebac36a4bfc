import { createHmac } from 'node:crypto';

/** Where tokens belong: a blind index column, and one value of its `within` field (a district). */
export interface PartitionPlace {
  readonly store: string;
  readonly model: string;
  readonly field: string;
  readonly partition: string;
}

/** A search of a state asks for its districts together; a country has fewer than this. */
const mostKeysKept = 2_048;

/**
 * Derives the key of each partition of a column from the column's key, by HMAC-SHA256.
 *
 * Threat: a name that is frequent in one district is guessed by its frequency, and its tokens then
 * name the same people in all others. Defence: two partitions share nothing; whoever has the key of
 * one has nothing of another.
 *
 * @param key at least 32 random bytes
 * @param keep how many derived keys are held; the one not used for longest is wiped and dropped
 * @example createPartitionKeys(key)({ store, model, field, partition: districtId })
 */
export function createPartitionKeys(
  key: Uint8Array,
  keep = mostKeysKept,
): (place: PartitionPlace) => Uint8Array {
  const kept = new Map<string, Uint8Array>();
  return ({ store, model, field, partition }) => {
    const name = JSON.stringify(['partition', store, model, field, partition]);
    const found = kept.get(name);
    const derived = found ?? createHmac('sha256', key).update(name).digest();
    kept.delete(name);
    kept.set(name, derived);
    const [oldest] = kept;
    if (kept.size > keep && oldest !== undefined) {
      kept.delete(oldest[0]);
      oldest[1].fill(0);
    }
    return derived;
  };
}
