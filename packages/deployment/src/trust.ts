import { randomBytes } from 'node:crypto';
import { createLocalJWKSet } from 'jose';
import {
  createBreakGlassAccess,
  createRevocationList,
  createTokenIssuer,
  createTokenVerifier,
  type BreakGlassAccess,
  type Revocation,
  type RevocationRegister,
  type TokenIssuer,
  type TokenVerifier,
} from '@caregraph/access';
import { createIdSource, type Clock } from '@caregraph/clock';
import type { DeploymentKeys } from './key-file.ts';

/** The issuer and audience of the tokens that an embedded deployment signs for itself. */
export const embeddedIssuer = 'https://embedded.caregraph.invalid';
export const embeddedAudience = 'https://caregraph.invalid/graph';

/** Whom the parts of an embedded deployment believe, and by what. */
export interface Trust {
  readonly revocations: RevocationRegister;
  /** Verifies the tokens that the deployment signs itself. */
  readonly own: TokenVerifier;
  /** Signs tokens for demo sign-ins and for the deployment's own work. */
  readonly tokens: TokenIssuer;
  /** Router and subgraphs share one process, so nobody else ever needs this key. */
  readonly routerContextKey: Uint8Array;
  /** The patient subgraph alone may sign grants. */
  readonly breakGlass: (mayGrant: boolean) => BreakGlassAccess;
}

/** Establishes trust from the keys of the deployment. */
export function establishTrust({ keys, clock }: { keys: DeploymentKeys; clock: Clock }): Trust {
  const revocations = createRevocationList(clock);
  const origin = { issuer: embeddedIssuer, audience: embeddedAudience, clock };
  const grants = {
    keys: createLocalJWKSet({ keys: [keys.breakGlass.publicJwk] }),
    clock,
    revocations,
    revoke: async (revocation: Revocation) => revocations.add(revocation),
  };
  const signing = createBreakGlassAccess({ ...grants, key: keys.breakGlass });
  const verifying = createBreakGlassAccess(grants);
  return {
    revocations,
    own: createTokenVerifier({
      ...origin,
      keys: createLocalJWKSet({ keys: [keys.tokenSigning.publicJwk] }),
      revocations,
    }),
    tokens: createTokenIssuer({
      ...origin,
      key: keys.tokenSigning,
      clientId: 'embedded',
      documents: 'free',
      ids: createIdSource(clock),
    }),
    routerContextKey: randomBytes(32),
    breakGlass: (mayGrant) => (mayGrant ? signing : verifying),
  };
}
