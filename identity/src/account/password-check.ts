import type { Clock } from '@caregraph/clock';
import { isFault } from '@caregraph/fault';
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
  | { readonly kind: 'busy' }
  /** Nobody can say just now who works here; the same for a right password and a wrong one. */
  | { readonly kind: 'away' };

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
 * Threat: while the institution subgraph is away, a right password ends in a fault and a wrong one
 * does not. Defence: it is asked at every try, about nobody, so that all who are not let in get one
 * answer; people of whom enough is known go on signing in.
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
    const [compared, answers] = await Promise.all([
      deps.hashing.run(() => isPasswordOf(typed, hash)),
      staffOrAway(deps, nobody),
    ]);
    if (compared.kind === 'busy') {
      await grant.giveBack();
      return compared;
    }
    const refused = { kind: answers === 'away' ? 'away' : 'refused' } as const;
    const isRight = compared.value && typed.length === attempt.password.length;
    if (!isRight || account?.passwordHash === undefined) return refused;
    const staff = await staffOrAway(deps, account.staffId);
    if (staff === 'away') return { kind: 'away' };
    if (staff === undefined || staff.dismissed) return refused;
    await grant.settle();
    await renewHash(deps, account.staffId, account.passwordHash, typed);
    return { kind: 'accepted', account, staff };
  };
}

/** A staff id that is nobody's. */
const nobody = '00000000-0000-7000-8000-000000000001';

async function staffOrAway({ staffOf }: PasswordCheckDependencies, staffId: string) {
  try {
    return await staffOf(staffId);
  } catch (error) {
    if (isFault(error)) return 'away';
    throw error;
  }
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
