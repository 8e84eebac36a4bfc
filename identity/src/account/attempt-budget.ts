import { createHmac } from 'node:crypto';
import type { Clock } from '@caregraph/clock';
import type { AttemptStore, BudgetRow } from './attempt.store.ts';

/** Tries that may be made at once, and the seconds after which one more is there. */
interface Budget {
  readonly burst: number;
  readonly refillS: number;
}

/**
 * Who may try how often. The tries of one key never use up another's, so nobody can lock anybody
 * out of a browser that they have signed in with before (OWASP: device cookies).
 */
export const attemptBudgets = {
  /** One network address, any account, unknown browsers: 60 at once, then 360 an hour. */
  source: { burst: 60, refillS: 10 },
  /**
   * All unknown browsers of the world together, one account: 30 at once, then 120 an hour. A
   * distributed guesser gets at most 2,910 tries on the first day, each at a password that is
   * neither short nor common. While it lasts, a person with a new browser may have to wait too;
   * with a known one, or with a new enrolment link, they do not.
   */
  account: { burst: 30, refillS: 30 },
  /** One network address, one account, unknown browsers: 5 at once, then 12 an hour. */
  sourceAndAccount: { burst: 5, refillS: 300 },
  /** A browser that signed in to this account before: 10 at once, then 60 an hour. */
  knownBrowser: { burst: 10, refillS: 60 },
  /**
   * Codes of an account whose password was right: 5 at once, then 12 an hour. Three of a million
   * codes are right at a time, so a year of guessing with the right password succeeds with 27 %.
   */
  code: { burst: 5, refillS: 300 },
  /** Codes typed to pair a tablet, of one network address: 10 at once, then 120 an hour. */
  userCode: { burst: 10, refillS: 30 },
} as const satisfies Record<string, Budget>;

export type BudgetKind = keyof typeof attemptBudgets;

export interface Claim {
  readonly kind: BudgetKind;
  /** What the budget belongs to, such as an address; only a keyed hash of it is stored. */
  readonly subject: string;
}

export type Grant =
  | {
      readonly kind: 'granted';
      /** The try was right: budgets of their own are whole again, those of many get it back. */
      settle(): Promise<void>;
      /** The try was not made after all. */
      giveBack(): Promise<void>;
    }
  | { readonly kind: 'wait'; readonly retryAfterS: number };

export interface AttemptBudgets {
  /**
   * Takes one try from every budget, or from none. A try is taken before it is made, so that a
   * thousand at once are not more than one after the other.
   */
  take(claims: readonly Claim[]): Promise<Grant>;
}

const ownKinds: readonly BudgetKind[] = ['sourceAndAccount', 'knownBrowser', 'code'];

/**
 * Budgets of tries, kept as the instant until which they are used up (GCRA: a leaky bucket as one
 * timestamp), so that one row per key says it all and a forgotten one is as good as a full one.
 *
 * @param deps.key keys the hashes of names and addresses, so that the table tells neither
 * @example
 *   const grant = await budgets.take([{ kind: 'source', subject: address }]);
 */
export function createAttemptBudgets(deps: {
  readonly store: AttemptStore;
  readonly key: Uint8Array;
  readonly clock: Clock;
}): AttemptBudgets {
  const rowOf = ({ kind, subject }: Claim): BudgetRow & { readonly kind: BudgetKind } => {
    const { burst, refillS } = attemptBudgets[kind];
    const key = createHmac('sha256', deps.key).update(`${kind}:${subject}`).digest();
    return { kind, key: new Uint8Array(key), stepMs: refillS * 1_000, burst };
  };
  return {
    async take(claims) {
      const rows = claims.map(rowOf);
      const { refusedForMs } = await deps.store.take(rows, deps.clock.now());
      if (refusedForMs !== undefined) {
        return { kind: 'wait', retryAfterS: Math.max(1, Math.ceil(refusedForMs / 1_000)) };
      }
      return {
        kind: 'granted',
        giveBack: () => deps.store.giveBack(rows),
        async settle() {
          const isOwn = (row: { kind: BudgetKind }) => ownKinds.includes(row.kind);
          await deps.store.forget(rows.filter(isOwn));
          await deps.store.giveBack(rows.filter((row) => !isOwn(row)));
        },
      };
    },
  };
}
