import type { IdentityClient } from '../store/client.ts';

export interface BudgetRow {
  readonly key: Uint8Array<ArrayBuffer>;
  /** What one try costs, in milliseconds of the budget's time. */
  readonly stepMs: number;
  readonly burst: number;
}

export interface AttemptStore {
  /** Takes a try from all rows or none. @returns how long to wait when one has none left */
  take(rows: readonly BudgetRow[], now: Date): Promise<{ readonly refusedForMs?: number }>;
  giveBack(rows: readonly BudgetRow[]): Promise<void>;
  forget(rows: readonly BudgetRow[]): Promise<void>;
  /** Removes what says nothing any more. @returns how many rows went */
  purge(now: Date): Promise<number>;
}

/** Ends a transaction that must leave nothing behind. */
class Refused extends Error {}

/** The tries in PostgreSQL: each taken by one statement that looks and counts at once. */
export function createAttemptStore(store: IdentityClient): AttemptStore {
  return {
    async take(rows, now) {
      let refusedForMs = 0;
      try {
        await store.$transaction(async (tx) => {
          // Always in the same order of kinds, so that two sign-ins never wait for each other.
          for (const { key, stepMs, burst } of rows) {
            const taken = await tx.$executeRaw`
              INSERT INTO sign_in_attempt AS known (key, used_until)
              VALUES (${key}, ${now}::timestamptz + ${stepMs}::int * interval '1 ms')
              ON CONFLICT (key) DO UPDATE
                SET used_until = greatest(known.used_until, ${now}::timestamptz)
                  + ${stepMs}::int * interval '1 ms'
                WHERE known.used_until
                  <= ${now}::timestamptz + ${stepMs * (burst - 1)}::int * interval '1 ms'`;
            if (taken === 1) continue;
            const row = await tx.signInAttempt.findUniqueOrThrow({ where: { key } });
            refusedForMs = row.usedUntil.getTime() - now.getTime() - stepMs * (burst - 1);
            throw new Refused();
          }
        });
      } catch (thrown) {
        if (thrown instanceof Refused) return { refusedForMs };
        throw thrown;
      }
      return {};
    },
    async giveBack(rows) {
      for (const { key, stepMs } of rows) {
        await store.$executeRaw`
          UPDATE sign_in_attempt SET used_until = used_until - ${stepMs}::int * interval '1 ms'
          WHERE key = ${key}`;
      }
    },
    async forget(rows) {
      const keys = rows.map(({ key }) => key);
      await store.signInAttempt.deleteMany({ where: { key: { in: keys } } });
    },
    async purge(now) {
      const { count } = await store.signInAttempt.deleteMany({
        where: { usedUntil: { lt: now } },
      });
      return count;
    },
  };
}
