import { createHmac, createSecretKey } from 'node:crypto';
import { lengthPrefixed } from './associated-data.ts';

/** The key of a blind index as it is used, with what was derived from it. */
export interface IndexKey {
  /**
   * 32 bytes: the key of a partition, by FORMAT.md, or of the index itself for null. For use at once.
   *
   * @throws Error when it was wiped: a token made with zeros would find nobody
   */
  ofPartition(partition: string | null): Uint8Array;
  /** Overwrites all of it. */
  wipe(): void;
  readonly isWiped: boolean;
}

/** Keys of partitions are derived once and kept: a country has some hundreds of districts. */
const mostPartitions = 2_000;

/** @param bytes 32 bytes, of which it is the owner from now on */
export function createIndexKey(bytes: Uint8Array): IndexKey {
  const derived = new Map<string, Uint8Array>();
  let isWiped = false;
  const wipeDerived = () => {
    for (const key of derived.values()) key.fill(0);
    derived.clear();
  };
  return {
    ofPartition(partition) {
      if (isWiped) throw new Error('an index key was used after it was wiped');
      if (partition === null) return bytes;
      const known = derived.get(partition);
      if (known !== undefined) return known;
      if (derived.size >= mostPartitions) wipeDerived();
      const made = createHmac('sha256', createSecretKey(bytes))
        .update('caregraph/index-partition/v1\0')
        .update(lengthPrefixed(partition))
        .digest();
      derived.set(partition, made);
      return made;
    },
    wipe() {
      wipeDerived();
      bytes.fill(0);
      isWiped = true;
    },
    get isWiped() {
      return isWiped;
    },
  };
}
