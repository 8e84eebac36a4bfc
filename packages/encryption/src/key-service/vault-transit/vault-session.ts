import type { Clock } from '@caregraph/clock';
import { KeyServiceError } from '../key-service-error.ts';
import { createLeaseTimer } from './lease-timer.ts';
import type { VaultClient } from './vault-client.ts';
import { renewLease, signIn, type VaultAuth, type VaultLease } from './vault-sign-in.ts';

/** Keeps us signed in. */
export interface VaultSession {
  /** The token of today; signs in at the first use and after the lease has ended. */
  token(): Promise<string>;
  /**
   * After a token was denied: signs in again, unless somebody has already, or it is too soon.
   * @returns whether there is another token worth a try
   */
  replaced(denied: string): Promise<boolean>;
  close(): void;
}

const signInPauseMs = 10_000;

export interface VaultSessionDeps {
  readonly client: VaultClient;
  readonly auth: VaultAuth;
  readonly clock: Clock;
  /** Is told when renewal in the background fails; the next call will say it as well. */
  readonly onFault?: ((fault: KeyServiceError) => void) | undefined;
}

/** Signs in at the first call and not before, so that a process starts while Vault is away. */
export function createVaultSession(deps: VaultSessionDeps): VaultSession {
  const { client, auth, clock } = deps;
  const nowMs = () => clock.now().getTime();
  let lease: VaultLease | undefined;
  let grantedMs = 0;
  let signedInAtMs = -Infinity;
  let endsAtMs = Infinity;
  let signing: Promise<VaultLease> | undefined;
  let closed = false;

  const checkOpen = () => {
    if (closed) throw new KeyServiceError('KEY_SERVICE_UNAVAILABLE', 'the session was closed');
  };
  /** One that has ended is of no use, not even to be renewed. */
  const current = () => (nowMs() < endsAtMs ? lease : undefined);
  const keep = (next: VaultLease) => {
    checkOpen();
    lease = next;
    endsAtMs = next.leaseMs === 0 ? Infinity : nowMs() + next.leaseMs;
    timer.granted(next.leaseMs);
  };
  const begin = async () => {
    checkOpen();
    const made = await signIn(client, auth);
    grantedMs = made.leaseMs;
    signedInAtMs = nowMs();
    keep(made);
    return made;
  };
  const signInOnce = () => (signing ??= begin().finally(() => (signing = undefined)));
  const prolong = async () => {
    try {
      const renewed = await renewedLease(client, current(), grantedMs);
      if (renewed !== undefined) keep(renewed);
      else await signInOnce();
    } catch (error) {
      timer.failed(endsAtMs - nowMs());
      if (error instanceof KeyServiceError && !closed) deps.onFault?.(error);
    }
  };
  const timer = createLeaseTimer(prolong);

  return {
    async token() {
      return (current() ?? (await signInOnce())).token;
    },
    async replaced(denied) {
      if (lease !== undefined && lease.token !== denied) return true;
      // Threat: a missing permission looks like a lost token, and every call would make a new
      // lease in Vault until it has no memory left. Defence: a fresh sign-in is not repeated.
      if (nowMs() - signedInAtMs < signInPauseMs) return false;
      return (await signInOnce()).token !== denied;
    },
    close() {
      closed = true;
      timer.stop();
      lease = undefined;
    },
  };
}

/** @returns undefined when it is time to sign in again */
async function renewedLease(client: VaultClient, lease: VaultLease | undefined, grantedMs: number) {
  if (lease?.renewable !== true) return undefined;
  // Vault answers a lease that has reached its end with 403, 400 or 500, so none means more.
  const renewed = await renewLease(client, lease).catch(() => undefined);
  // Near its greatest age a token is renewed for less and less.
  return renewed !== undefined && renewed.leaseMs >= grantedMs / 2 ? renewed : undefined;
}
