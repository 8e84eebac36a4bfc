import type { JWTVerifyGetKey } from 'jose';
import type { Clock } from '@caregraph/clock';
import type { Actor } from '../actor.ts';
import type { Revocation, RevocationList } from '../revocation/revocation-list.ts';
import type { SigningKey } from '../token/issue-token.ts';
import type { BreakGlassGrant } from './break-glass-grant.ts';
import { createBreakGlassIssuer, type BreakGlassIssuer } from './issue-grant.ts';
import { createBreakGlassVerifier, type BreakGlassVerifier } from './verify-grant.ts';

/** What a subgraph needs of break-glass: verifying for all, signing and closing for one. */
export interface BreakGlassAccess {
  readonly verifier: BreakGlassVerifier;
  /** Undefined where the private key is not: every subgraph but the patient subgraph. */
  readonly issuer: BreakGlassIssuer | undefined;
  /** Ends a grant before its time, wherever revocations are heard. @throws when they are not */
  close(grantId: string): Promise<void>;
}

/**
 * Joins issuing, verifying and closing of grants. A closed grant is told as a revoked token under
 * the grant's id, so that it travels the way that revocations travel.
 *
 * @param options.key the private key, for the patient subgraph alone
 * @param options.revoke how the other processes are told
 * @example createBreakGlassAccess({ key, keys, clock, revocations: list, revoke: feed.publish })
 */
export function createBreakGlassAccess(options: {
  readonly key?: SigningKey | undefined;
  readonly keys: JWTVerifyGetKey;
  readonly clock: Clock;
  readonly revocations: RevocationList;
  readonly revoke: (revocation: Revocation) => Promise<void>;
}): BreakGlassAccess {
  const { key, keys, clock, revocations, revoke } = options;
  const isClosed = ({ grantId, issuedAt }: BreakGlassGrant, actor: Actor) =>
    revocations.isRevoked({ ...actor, tokenId: grantId, issuedAt });
  return {
    verifier: createBreakGlassVerifier({ keys, clock, isClosed }),
    issuer: key && createBreakGlassIssuer({ key }),
    close: (grantId) =>
      revoke({ kind: 'token', id: grantId, revokedAt: Math.ceil(clock.now().getTime() / 1_000) }),
  };
}
