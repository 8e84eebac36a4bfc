import type { Clock } from '@caregraph/clock';
import type { Revocations } from '../revocation/revocations.ts';
import type { IdentityTx } from '../store/client.ts';

export interface AccessToEnd {
  readonly staffId: string;
  readonly reason: 'password changed' | 'password reset';
  /** Sign-ins of the browser at hand, which go on; none when left out. */
  readonly keptGrantIds?: readonly string[];
}

/** Ends what was begun with a password that does not count any more. */
export interface AccessEnd {
  /** Inside the transaction that changes the password; `tell` is to be called when it committed. */
  end(tx: IdentityTx, access: AccessToEnd): Promise<void>;
  tell(): Promise<void>;
}

/**
 * Threat: whoever has someone's password is still signed in after its owner changed it because of
 * that. Defence: with the change end the person's refresh tokens, half-finished sign-ins and access
 * tokens. Browser sessions and codes end by comparison: they say when the person signed in, and what
 * is older than the password is not taken (see provider/sign-in-age.ts).
 */
export function createAccessEnd(deps: { revocations: Revocations; clock: Clock }): AccessEnd {
  const { revocations, clock } = deps;
  return {
    async end(tx, { staffId, reason, keptGrantIds = [] }) {
      await tx.signInStep.deleteMany({ where: { staffId } });
      await tx.refreshFamily.updateMany({
        where: { staffId, revokedAt: null, grantId: { notIn: [...keptGrantIds] } },
        data: { revokedAt: clock.now(), revokedBecause: reason },
      });
      await revocations.record(tx, { kind: 'subject', subject: staffId, reason });
    },
    async tell() {
      await revocations.tellPending();
    },
  };
}
