/** What is loaded is held for each who asked for it, from the moment when it is there. */
export interface Holding<TValue> {
  hold(value: TValue): void;
  release(value: TValue): void;
}

/**
 * Loads things by id so that whoever asks for one that is being loaded waits for that load: many
 * requests that miss one key make one call.
 *
 * Threat: who waits for two loads takes hold when the slower one ends, and by then the key of the
 * faster one was wiped: a row would be sealed with zeros. Defence: each is held as it arrives, in the
 * microtask that follows its own load.
 *
 * @param load loads many at once; what it leaves out is not there
 * @param holding holds each value once for the caller, who releases it; nobody does when left out
 * @example const partitions = createSingleFlight(loadPartitions); await partitions(['a', 'b']);
 */
export function createSingleFlight<TAsked, TValue>(
  idOf: (asked: TAsked) => string,
  load: (asked: readonly TAsked[]) => Promise<ReadonlyMap<string, TValue>>,
  holding?: Holding<TValue>,
): (asked: readonly TAsked[]) => Promise<Map<string, TValue>> {
  const loading = new Map<string, Promise<ReadonlyMap<string, TValue>>>();

  return async (asked) => {
    const fresh = asked.filter((one) => !loading.has(idOf(one)));
    if (fresh.length > 0) {
      const promise = load(fresh);
      for (const one of fresh) loading.set(idOf(one), promise);
      const done = () => {
        for (const one of fresh) loading.delete(idOf(one));
      };
      promise.then(done, done);
    }
    const found = new Map<string, TValue>();
    const waits = asked.map(async (one) => {
      const value = (await loading.get(idOf(one)))?.get(idOf(one));
      if (value === undefined) return;
      holding?.hold(value);
      found.set(idOf(one), value);
    });
    // All of them, also when one fails: what arrives later must be let go as well.
    const failed = (await Promise.allSettled(waits)).find((one) => one.status === 'rejected');
    if (failed === undefined) return found;
    for (const value of found.values()) holding?.release(value);
    throw failed.reason;
  };
}
