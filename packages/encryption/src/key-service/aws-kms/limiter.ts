/**
 * Runs work with a bound on how much of it runs at once, over all callers.
 *
 * @example const limit = createLimiter(16); await limit(() => kms.send(command));
 */
export function createLimiter(most: number): <T>(work: () => Promise<T>) => Promise<T> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (running < most) running += 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      // The place goes to who waits longest, without being free in between.
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}

/**
 * All results, or the first failure once nothing runs any more; what is done by then is discarded.
 *
 * @param discard wipes a result that nobody will get
 */
export async function allOrNothing<T, R>(
  items: readonly T[],
  work: (item: T) => Promise<R>,
  discard: (result: R) => void,
): Promise<R[]> {
  let failure: { readonly reason: unknown } | undefined;
  const results: R[] = [];
  await Promise.all(
    items.map(async (item, index) => {
      try {
        results[index] = await work(item);
      } catch (error) {
        failure ??= { reason: error };
      }
    }),
  );
  if (failure === undefined) return results;
  results.forEach(discard);
  throw failure.reason;
}
