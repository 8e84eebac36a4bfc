import type { Clock, IdSource } from '@caregraph/clock';
import type { SealedValues } from '../store/sealed-value.ts';
import type { AccountRecord, AccountStore } from './account.store.ts';
import type { AttemptBudgets } from './attempt-budget.ts';
import { makeRecoveryCodes, recoveryCodeHash } from './recovery-code.ts';
import { base32, findTotpStep, makeTotpSecret, otpauthUri } from './totp.ts';

export type CodeVerdict =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'refused' }
  | { readonly kind: 'wait'; readonly retryAfterS: number };

/** A secret that was shown to someone who has not typed a first code yet. */
export interface OfferedSecret {
  /** Goes to the page and comes back with the code; says nothing to who holds it. */
  readonly sealed: string;
  readonly uri: string;
  /** For people who cannot scan: base32. */
  readonly text: string;
}

export type EnrolVerdict =
  | { readonly kind: 'enrolled'; readonly recoveryCodes: readonly string[] }
  | { readonly kind: 'wrong_code' }
  /** A second factor is there already, or the offer is another step's. */
  | { readonly kind: 'refused' };

export interface SecondFactor {
  /** @param browser the known browser that the code is typed in, which has tries of its own */
  checkCode(account: AccountRecord, typed: string, browser: string): Promise<CodeVerdict>;
  checkRecoveryCode(account: AccountRecord, typed: string, browser: string): Promise<CodeVerdict>;
  /** @param step the sign-in step that may take the offer up, and no other */
  offer(account: AccountRecord, step: string): OfferedSecret;
  /** The same offer again, for a page that is shown twice. @returns undefined when it is not one */
  reopen(account: AccountRecord, step: string, sealed: string): OfferedSecret | undefined;
  enrol(account: AccountRecord, offer: EnrolRequest): Promise<EnrolVerdict>;
}

export interface EnrolRequest {
  readonly step: string;
  readonly sealed: string;
  readonly code: string;
}

/** What authenticator apps show above the code. */
const issuerName = 'CareGraph';

/**
 * Time-based codes (RFC 6238) and the recovery codes that stand in for a lost phone.
 *
 * Threat: someone who knows the password looks at an offered secret, waits until its owner takes it
 * up, and so shares it. Defence: an offer is sealed for one sign-in step and stored nowhere, so
 * every step has a secret of its own.
 */
export function createSecondFactor(deps: {
  readonly accounts: AccountStore;
  readonly budgets: AttemptBudgets;
  readonly sealed: SealedValues;
  readonly clock: Clock;
  readonly ids: IdSource;
}): SecondFactor {
  const { accounts, budgets, sealed, clock, ids } = deps;
  const tried = trierOf(budgets);
  const offered = (secret: Uint8Array, account: AccountRecord, text: string): OfferedSecret => ({
    sealed: text,
    uri: otpauthUri(secret, account.username, issuerName),
    text: base32(secret),
  });
  return {
    checkCode: (account, typed, browser) =>
      tried(account, browser, async () => {
        if (account.totpSecret === undefined) return false;
        const secret = sealed.open(account.totpSecret, `totp:${account.staffId}`);
        const now = clock.now();
        const step = findTotpStep(secret, typed, now, account.totpLastStep);
        return step !== undefined && accounts.useTotpStep(account.staffId, step, now);
      }),
    checkRecoveryCode: (account, typed, browser) =>
      tried(account, browser, () => {
        const hash = recoveryCodeHash(account.staffId, typed);
        return accounts.useRecoveryCode(account.staffId, hash, clock.now());
      }),
    offer(account, step) {
      const secret = makeTotpSecret();
      const bytes = sealed.seal(secret, offerContext(account, step));
      return offered(secret, account, Buffer.from(bytes).toString('base64url'));
    },
    reopen(account, step, text) {
      const secret = openOffer(sealed, text, offerContext(account, step));
      return secret && offered(secret, account, text);
    },
    async enrol(account, { step, sealed: text, code }) {
      const secret = openOffer(sealed, text, offerContext(account, step));
      if (secret === undefined) return { kind: 'refused' };
      const now = clock.now();
      const at = findTotpStep(secret, code, now, 0);
      if (at === undefined) return { kind: 'wrong_code' };
      const recoveryCodes = makeRecoveryCodes();
      const isSet = await accounts.setSecondFactor({
        staffId: account.staffId,
        sealedSecret: sealed.seal(secret, `totp:${account.staffId}`),
        step: at,
        recoveryCodes: recoveryCodes.map((made) => ({
          id: ids.next(),
          hash: recoveryCodeHash(account.staffId, made),
        })),
        now,
      });
      return isSet ? { kind: 'enrolled', recoveryCodes } : { kind: 'refused' };
    },
  };
}

type Try = (
  account: AccountRecord,
  browser: string,
  isRight: () => Promise<boolean>,
) => Promise<CodeVerdict>;

/** A try is taken from its budget before anything is compared. */
function trierOf(budgets: AttemptBudgets): Try {
  return async (account, browser, isRight) => {
    const subject = `${account.staffId}:${browser}`;
    const grant = await budgets.take([{ kind: 'code', subject }]);
    if (grant.kind === 'wait') return grant;
    if (!(await isRight())) return { kind: 'refused' };
    await grant.settle();
    return { kind: 'accepted' };
  };
}

const offerContext = ({ staffId }: AccountRecord, step: string) => `totp-offer:${staffId}:${step}`;

/** A form field can hold anything: what does not open is no offer, and never a fault of ours. */
function openOffer(sealed: SealedValues, text: string, context: string): Uint8Array | undefined {
  try {
    return sealed.open(new Uint8Array(Buffer.from(text, 'base64url')), context);
  } catch (thrown) {
    if (thrown instanceof Error) return undefined;
    throw thrown;
  }
}
