import type { ErasureTarget } from './erase-store.ts';

/** Any constant: it keeps this lock apart from those of others in the same database. */
const erasureLock = 7_302_001;

/**
 * Lets one process erase at a time: two that rewrite one entry of the list would each lose what the
 * other found. The lock is the session's, so that a kill ends it.
 *
 * @throws database fault when another erasure goes on for longer than the pool's statement timeout
 */
export async function oneAtATime<TResult>(
  stores: readonly ErasureTarget[],
  work: () => Promise<TResult>,
): Promise<TResult> {
  const [first] = stores;
  if (first === undefined) return work();
  const client = await first.pool.connect();
  let broken: Error | undefined;
  // A connection that breaks while nothing is asked of it must not end the process.
  const breaks = (error: Error) => (broken = error);
  client.on('error', breaks);
  try {
    await client.query('SELECT pg_advisory_lock($1)', [erasureLock]);
    const result = await work();
    await client.query('SELECT pg_advisory_unlock($1)', [erasureLock]);
    return result;
  } catch (error) {
    broken = error instanceof Error ? error : new Error('an erasure failed');
    throw error;
  } finally {
    client.off('error', breaks);
    client.release(broken);
  }
}
