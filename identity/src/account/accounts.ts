import type { Clock, IdSource } from '@caregraph/clock';
import type { IdentityClient } from '../store/client.ts';
import type { Revocations } from '../revocation/revocations.ts';
import type { SealedValues } from '../store/sealed-value.ts';
import { createAccessEnd } from './access-end.ts';
import { createAccountStore, type AccountStore } from './account.store.ts';
import { createAttemptBudgets, type AttemptBudgets } from './attempt-budget.ts';
import { createAttemptStore } from './attempt.store.ts';
import { demoCredentialsOf, type DemoCredentials } from './demo-account.ts';
import { createEnrolment, type Enrolment, type EnrolmentLink } from './enrolment.ts';
import { createHashingQueue } from './hashing-queue.ts';
import { createKnownBrowsers, type KnownBrowsers } from './known-browser.ts';
import {
  createPasswordCheck,
  type PasswordAttempt,
  type PasswordVerdict,
} from './password-check.ts';
import { createPasswordRules } from './password-rules.ts';
import { createSecondFactor, type SecondFactor } from './second-factor.ts';
import { createSignInSteps, type SignInSteps } from './sign-in-step.ts';
import type { StaffFacts } from './staff-facts.ts';
import { normaliseUsername } from './username.ts';

export interface AccountsDependencies {
  readonly store: IdentityClient;
  readonly sealed: SealedValues;
  readonly revocations: Revocations;
  readonly clock: Clock;
  readonly ids: IdSource;
  /** What the institution says of a person; undefined when it knows nobody by that id. */
  staffOf(staffId: string): Promise<StaffFacts | undefined>;
  /** Hashes at once and in line; the default suits two cores. */
  readonly hashing?: { readonly concurrency: number; readonly maxWaiting: number };
}

export interface DemoPerson {
  readonly staffId: string;
  readonly username: string;
  readonly hasSecondFactor: boolean;
}

export type AccountVerdict = 'created' | 'username_invalid' | 'exists';

export interface Accounts {
  /** An account without a password, for a staff member; an enrolment link gives it one. */
  createAccount(account: { staffId: string; username: string }): Promise<AccountVerdict>;
  enrolmentLink(staffId: string, purpose: 'ENROL' | 'RESET'): Promise<EnrolmentLink>;
  /** A made-up person who can sign in at once; safe to ask for again. For demo districts only. */
  addDemoAccount(person: DemoPerson): Promise<DemoCredentials>;
  verifyPassword(attempt: PasswordAttempt): Promise<PasswordVerdict>;
  readonly secondFactor: SecondFactor;
  readonly enrolment: Enrolment;
  readonly budgets: AttemptBudgets;
  readonly browsers: KnownBrowsers;
  readonly steps: SignInSteps;
  readonly records: AccountStore;
  readonly staffOf: AccountsDependencies['staffOf'];
  readonly clock: Clock;
  /** Removes spent tries, steps and links; safe to call at any time. */
  purge(): Promise<void>;
}

/** One hash fills a core, so a second core stays free for everything else. */
const defaultHashing = { concurrency: 1, maxWaiting: 40 };

/**
 * Credentials of staff: user names, passwords, second factors, recovery codes and how often someone
 * may try. Who the people are is the institution's; this asks it through `staffOf`.
 *
 * @example
 *   const accounts = createAccounts({ store, sealed, clock, ids, staffOf });
 *   await accounts.createAccount({ staffId, username: 'asha.verma' });
 *   const { token } = await accounts.enrolmentLink(staffId, 'ENROL'); // <public url>/enrol/<token>
 */
export function createAccounts(deps: AccountsDependencies): Accounts {
  const { store, sealed, clock, ids, staffOf } = deps;
  const records = createAccountStore(store, createAccessEnd(deps));
  const attempts = createAttemptStore(store);
  const hashing = createHashingQueue(deps.hashing ?? defaultHashing);
  const budgets = createAttemptBudgets({
    ...{ store: attempts, clock },
    key: sealed.derive('sign-in attempt'),
  });
  const browsers = createKnownBrowsers(sealed.derive('known browser'));
  const rules = createPasswordRules();
  const enrolment = createEnrolment({ accounts: records, rules, hashing, clock });
  const check = { accounts: records, budgets, browsers, hashing, clock, staffOf };
  const createAccount: Accounts['createAccount'] = async ({ staffId, username: typed }) => {
    const username = normaliseUsername(typed);
    if (username === undefined) return 'username_invalid';
    const isNew = await records.create({ staffId, username, now: clock.now() });
    return isNew ? 'created' : 'exists';
  };
  return {
    createAccount,
    async addDemoAccount(person) {
      await createAccount(person);
      return makeReady({ sealed, records, enrolment, clock }, person);
    },
    enrolmentLink: (staffId, purpose) => enrolment.makeLink(staffId, purpose),
    verifyPassword: createPasswordCheck(check),
    secondFactor: createSecondFactor({ accounts: records, budgets, sealed, clock, ids }),
    steps: createSignInSteps(store, clock),
    ...{ enrolment, budgets, browsers, records, staffOf, clock },
    async purge() {
      const now = clock.now();
      await attempts.purge(now);
      await store.signInStep.deleteMany({ where: { expiresAt: { lt: now } } });
      await store.enrolmentToken.deleteMany({ where: { expiresAt: { lt: now } } });
    },
  };
}

/** Whatever a start that was killed left undone is done by the next. */
async function makeReady(
  deps: Pick<AccountsDependencies, 'sealed' | 'clock'> & Pick<Accounts, 'records' | 'enrolment'>,
  { staffId, username, hasSecondFactor }: DemoPerson,
): Promise<DemoCredentials> {
  const { sealed, clock, records, enrolment } = deps;
  const credentials = demoCredentialsOf(sealed, username);
  const known = await records.byStaffId(staffId);
  if (known?.passwordHash === undefined) {
    const { token } = await enrolment.makeLink(staffId, 'ENROL');
    const { kind } = await enrolment.useLink(token, credentials.password);
    if (kind !== 'set') throw new Error(`the demo account of ${username} was not made: ${kind}`);
  }
  if (hasSecondFactor && known?.totpSecret === undefined) {
    const sealedSecret = sealed.seal(credentials.totpSecret, `totp:${staffId}`);
    const now = clock.now();
    await records.setSecondFactor({ staffId, sealedSecret, step: 0, recoveryCodes: [], now });
  }
  return credentials;
}
