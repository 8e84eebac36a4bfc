import type { DatabasePool } from '@caregraph/database';

/** How many committed events have not reached every subgraph yet, over the given stores. */
export async function countWaitingEvents(pools: Iterable<DatabasePool>): Promise<number> {
  const waiting = 'SELECT count(*)::int AS count FROM outbox_event WHERE published_at IS NULL';
  const answers = await Promise.all(
    [...pools].map((pool) => pool.query<{ count: number }>(waiting)),
  );
  return answers.reduce((sum, { rows }) => sum + (rows[0]?.count ?? 0), 0);
}
