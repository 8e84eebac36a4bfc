/** A key in the cache. It is wiped once it has left and nobody holds it any more. */
export interface Held<TKey> {
  readonly id: string;
  readonly key: TKey;
  readonly loadedAtMs: number;
  /** How many are using it right now. */
  holders: number;
  gone: boolean;
}

/** Unwrapped keys, bounded in number and time, and overwritten when they leave. */
export interface KeyCache<TKey> {
  /** The key, and the latest to leave from now on. */
  get(id: string): Held<TKey> | undefined;
  /** Adds or replaces a key; it is held once for the caller, who calls `release`. */
  add(id: string, key: TKey, nowMs: number): Held<TKey>;
  hold(held: Held<TKey>): void;
  release(held: Held<TKey>): void;
  remove(id: string): void;
  /** Removes what was loaded before an instant. */
  removeOlder(thanMs: number): void;
  /** Removes all. */
  clear(): void;
  readonly size: number;
}

/**
 * Creates a cache that forgets what was used longest ago.
 *
 * Threat: a memory dump or a swapped page shows keys of records that nobody reads any more.
 * Defence: a key that leaves is overwritten, at the latest when its last holder lets go.
 *
 * @param maxKeys most keys at once, beside those that are just being used
 * @param wipe overwrites a key
 */
export function createKeyCache<TKey>(options: {
  readonly maxKeys: number;
  readonly wipe: (key: TKey) => void;
  readonly onRemove?: (held: Held<TKey>) => void;
}): KeyCache<TKey> {
  const { maxKeys, wipe, onRemove } = options;
  // A Map keeps the order of insertion: the first is the one used longest ago.
  const keys = new Map<string, Held<TKey>>();

  function leave(held: Held<TKey>): void {
    keys.delete(held.id);
    held.gone = true;
    onRemove?.(held);
    if (held.holders === 0) wipe(held.key);
  }

  return {
    get(id) {
      const held = keys.get(id);
      if (held === undefined) return undefined;
      keys.delete(id);
      keys.set(id, held);
      return held;
    },
    add(id, key, nowMs) {
      const before = keys.get(id);
      if (before !== undefined) leave(before);
      const held: Held<TKey> = { id, key, loadedAtMs: nowMs, holders: 1, gone: false };
      keys.set(id, held);
      for (const oldest of keys.values()) {
        if (keys.size <= maxKeys) break;
        leave(oldest);
      }
      return held;
    },
    hold(held) {
      // It is wiped: to seal with it would be to seal with zeros.
      if (held.gone && held.holders === 0) throw new Error('a key was taken after it was wiped');
      held.holders += 1;
    },
    release(held) {
      held.holders -= 1;
      if (held.holders === 0 && held.gone) wipe(held.key);
    },
    remove(id) {
      const held = keys.get(id);
      if (held !== undefined) leave(held);
    },
    removeOlder(thanMs) {
      for (const held of [...keys.values()]) if (held.loadedAtMs < thanMs) leave(held);
    },
    clear() {
      for (const held of [...keys.values()]) leave(held);
    },
    get size() {
      return keys.size;
    },
  };
}
