import { interactionPolicy } from 'oidc-provider';
import { clientIds } from './clients.ts';

/** When the password of an account began to count; undefined when there is no such account. */
export type PasswordAge = (
  staffId: string,
) => Promise<{ readonly passwordSetAtS: number } | undefined>;

/**
 * Tells whether a sign-in was made with a password of before. Both are whole seconds: who signs in
 * within the second of the change stays signed in.
 */
export function isOutdated(
  account: { readonly passwordSetAtS: number },
  signedInAtS: number | undefined,
): boolean {
  return (signedInAtS ?? 0) < account.passwordSetAtS;
}

/**
 * When people are asked who they are. Our own clients need no consent; what a person may do is
 * their role's.
 *
 * Threat: a shared tablet is handed on, and the browser's session lets the next person in as the
 * last one. Defence: the app and the command line always ask who it is.
 *
 * Threat: a session, or a sign-in that waits to be finished, is of a password that was changed.
 * Defence: everyone is asked again whose sign-in is older than the password.
 */
export function createSignInPolicy(passwordAge: PasswordAge) {
  const policy = interactionPolicy.base();
  policy.remove('consent');
  const { Check } = interactionPolicy;
  const fresh = new Check('fresh_sign_in', 'sign in for this device', ({ oidc }) =>
    oidc.client?.clientId === clientIds.explorer || oidc.result?.login !== undefined
      ? Check.NO_NEED_TO_PROMPT
      : Check.REQUEST_PROMPT,
  );
  const outdated = new Check('password_changed', 'sign in again', async ({ oidc }) => {
    const { accountId, loginTs } = oidc.session ?? {};
    if (accountId === undefined) return Check.NO_NEED_TO_PROMPT;
    const account = await passwordAge(accountId);
    return account === undefined || isOutdated(account, loginTs)
      ? Check.REQUEST_PROMPT
      : Check.NO_NEED_TO_PROMPT;
  });
  policy.get('login')?.checks.add(fresh);
  policy.get('login')?.checks.add(outdated);
  return policy;
}
