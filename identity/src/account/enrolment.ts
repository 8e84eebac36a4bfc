import { createHash, randomBytes } from 'node:crypto';
import type { Clock } from '@caregraph/clock';
import type { AccountRecord, AccountStore } from './account.store.ts';
import type { HashingQueue } from './hashing-queue.ts';
import { hashPassword, isPasswordOf } from './password-hash.ts';
import type { PasswordRefusal, PasswordRules } from './password-rules.ts';

const lifetimeMs = 72 * 3_600_000;
const tokenBytes = 32;

export interface EnrolmentLink {
  /** The secret part of the link; only its hash is stored. */
  readonly token: string;
  readonly expiresAt: Date;
}

export type NewPasswordVerdict =
  | { readonly kind: 'set'; readonly account: AccountRecord }
  | { readonly kind: 'refused'; readonly because: PasswordRefusal }
  /** The link was used, has expired, or the password was changed meanwhile. */
  | { readonly kind: 'gone' }
  | { readonly kind: 'busy' };

export interface Enrolment {
  /** A one-time link for someone who has an account; it voids earlier ones. */
  makeLink(staffId: string, purpose: 'ENROL' | 'RESET'): Promise<EnrolmentLink>;
  /** Whose link it is; looking does not use it up, because mail scanners look too. */
  ownerOf(token: string): Promise<AccountRecord | undefined>;
  /** Uses the link up. Second factor and recovery codes of before end with it. */
  useLink(token: string, password: string): Promise<NewPasswordVerdict>;
  /**
   * For someone whose present password and code were right.
   *
   * @param keptGrantIds sign-ins of the browser at hand; all others end
   */
  changePassword(
    account: AccountRecord,
    password: string,
    keptGrantIds?: readonly string[],
  ): Promise<NewPasswordVerdict>;
}

/** How a person comes to a password, and to another one. */
export function createEnrolment(deps: {
  readonly accounts: AccountStore;
  readonly rules: PasswordRules;
  readonly hashing: HashingQueue;
  readonly clock: Clock;
}): Enrolment {
  const { accounts, rules, hashing, clock } = deps;
  const ownerOf = async (token: string) => {
    const staffId = await accounts.ownerOfLink(hashOf(token), clock.now());
    return staffId === undefined ? undefined : accounts.byStaffId(staffId);
  };
  return {
    async makeLink(staffId, purpose) {
      const token = randomBytes(tokenBytes).toString('base64url');
      const now = clock.now();
      const expiresAt = new Date(now.getTime() + lifetimeMs);
      await accounts.addLink({ hash: hashOf(token), staffId, purpose, now, expiresAt });
      return { token, expiresAt };
    },
    ownerOf,
    async useLink(token, password) {
      const account = await ownerOf(token);
      if (account === undefined) return { kind: 'gone' };
      const because = await rules.refusalOf(password, [account.username]);
      if (because) return { kind: 'refused', because };
      const made = await hashing.run(() => hashPassword(password));
      if (made.kind === 'busy') return made;
      const staffId = await accounts.useLink(hashOf(token), made.value, clock.now());
      const changed = staffId === undefined ? undefined : await accounts.byStaffId(staffId);
      return changed === undefined ? { kind: 'gone' } : { kind: 'set', account: changed };
    },
    async changePassword(account, password, keptGrantIds = []) {
      const { passwordHash: old, staffId } = account;
      if (old === undefined) return { kind: 'gone' };
      const because = await rules.refusalOf(password, [account.username]);
      if (because) return { kind: 'refused', because };
      const made = await hashing.run(async () => {
        if (await isPasswordOf(password, old)) return undefined;
        return hashPassword(password);
      });
      if (made.kind === 'busy') return made;
      if (made.value === undefined) return { kind: 'refused', because: 'same' };
      const change = { staffId, from: old, to: made.value, now: clock.now(), keptGrantIds };
      const isChanged = await accounts.changePassword(change);
      return isChanged ? { kind: 'set', account } : { kind: 'gone' };
    },
  };
}

const hashOf = (token: string) => new Uint8Array(createHash('sha256').update(token).digest());
