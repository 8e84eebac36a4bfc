/**
 * Loads things by id so that whoever asks for one that is being loaded waits for that load: many
 * requests that miss one key make one call.
 *
 * @param load loads many at once; what it leaves out is not there
 * @example const partitions = createSingleFlight(loadPartitions); await partitions(['a', 'b']);
 */
export function createSingleFlight<TAsked, TValue>(
  idOf: (asked: TAsked) => string,
  load: (asked: readonly TAsked[]) => Promise<ReadonlyMap<string, TValue>>,
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
      if (value !== undefined) found.set(idOf(one), value);
    });
    await Promise.all(waits);
    return found;
  };
}
