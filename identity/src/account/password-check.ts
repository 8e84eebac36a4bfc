import type { Clock } from '@caregraph/clock';
import type { AccountRecord, AccountStore } from './account.store.ts';
import type { AttemptBudgets, Claim } from './attempt-budget.ts';
import type { HashingQueue } from './hashing-queue.ts';
import type { KnownBrowsers } from './known-browser.ts';
import { hashPassword, isPasswordOf, needsNewHash } from './password-hash.ts';
import type { StaffFacts } from './staff-facts.ts';
import { normaliseUsername } from './username.ts';

export interface PasswordAttempt {
  readonly username: string;
  readonly password: string;
  /** The network address that the try comes from. */
  readonly source: string;
  /** The cookie of a browser that signed in before. */
  readonly browserCookie: string | undefined;
}

export type PasswordVerdict =
  | { readonly kind: 'accepted'; readonly account: AccountRecord; readonly staff: StaffFacts }
  /** Unknown name, wrong password, not enrolled yet or dismissed: never told apart. */
  | { readonly kind: 'refused' }
  | { readonly kind: 'wait'; readonly retryAfterS: number }
  | { readonly kind: 'busy' };

export interface PasswordCheckDependencies {
  readonly accounts: AccountStore;
  readonly budgets: AttemptBudgets;
  readonly browsers: KnownBrowsers;
  readonly hashing: HashingQueue;
  readonly clock: Clock;
  staffOf(staffId: string): Promise<StaffFacts | undefined>;
}

/** Longer than any password that can be set; hashing it would be work for nothing. */
const maxTypedLength = 512;

/**
 * Checks a user name and a password.
 *
 * Threat: the answer, or the time it takes, tells which names exist. Defence: each try takes the
 * same budgets and computes one hash, that of a password nobody has when there is none to compare.
 *
 * @example const verdict = await check({ username, password, source: '192.0.2.1', browserCookie });
 */
export function createPasswordCheck(
  deps: PasswordCheckDependencies,
): (attempt: PasswordAttempt) => Promise<PasswordVerdict> {
  let nobodysHash: Promise<string> | undefined;
  return async (attempt) => {
    const username = normaliseUsername(attempt.username);
    const grant = await deps.budgets.take(claimsOf(deps.browsers, attempt, username));
    if (grant.kind === 'wait') return grant;
    const account = username === undefined ? undefined : await deps.accounts.byUsername(username);
    nobodysHash ??= hashPassword('nobody has this password');
    const hash = account?.passwordHash ?? (await nobodysHash);
    const typed = attempt.password.slice(0, maxTypedLength);
    const compared = await deps.hashing.run(() => isPasswordOf(typed, hash));
    if (compared.kind === 'busy') {
      await grant.giveBack();
      return compared;
    }
    const isRight = compared.value && typed.length === attempt.password.length;
    if (!isRight || account?.passwordHash === undefined) return { kind: 'refused' };
    const staff = await deps.staffOf(account.staffId);
    if (staff === undefined || staff.dismissed) return { kind: 'refused' };
    await grant.settle();
    await renewHash(deps, account.staffId, account.passwordHash, typed);
    return { kind: 'accepted', account, staff };
  };
}

function claimsOf(
  browsers: KnownBrowsers,
  { username: typed, source, browserCookie }: PasswordAttempt,
  username = typed.slice(0, maxTypedLength),
): readonly Claim[] {
  const browser = browsers.read(browserCookie);
  if (browser?.knows(username)) {
    return [{ kind: 'knownBrowser', subject: `${browser.browserId}:${username}` }];
  }
  return [
    { kind: 'source', subject: source },
    { kind: 'account', subject: username },
    { kind: 'sourceAndAccount', subject: `${source}:${username}` },
  ];
}

/** When the parameters were raised, the next right password is hashed anew. */
async function renewHash(
  { accounts, hashing }: PasswordCheckDependencies,
  staffId: string,
  old: string,
  password: string,
): Promise<void> {
  if (!needsNewHash(old)) return;
  const made = await hashing.run(() => hashPassword(password));
  if (made.kind === 'done') await accounts.replaceHash(staffId, old, made.value);
}
