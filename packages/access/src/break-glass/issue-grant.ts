import { SignJWT, importJWK } from 'jose';
import type { SigningKey } from '../token/issue-token.ts';
import {
  grantIssuer,
  grantType,
  longestGrantS,
  type BreakGlassGrant,
} from './break-glass-grant.ts';

export interface BreakGlassIssuer {
  /**
   * Signs a grant as a compact JWS. Signed again it says the same, with another signature.
   *
   * @throws RangeError when it would last longer than an hour: a defect of the caller
   */
  sign(grant: BreakGlassGrant): Promise<string>;
}

/**
 * Signs the grants by which a record outside the scope is opened. Only the patient subgraph holds
 * the key; the others verify with its public half.
 *
 * @example await createBreakGlassIssuer({ key }).sign(grant);
 */
export function createBreakGlassIssuer({ key }: { readonly key: SigningKey }): BreakGlassIssuer {
  return {
    async sign(grant) {
      const lifetimeS = grant.expiresAt - grant.issuedAt;
      if (lifetimeS <= 0 || lifetimeS > longestGrantS) throw new RangeError('grant lifetime');
      const { patientId: patient, purpose, reason } = grant;
      return new SignJWT({ patient, purpose, reason })
        .setProtectedHeader({ alg: 'ES256', typ: grantType, kid: key.keyId })
        .setIssuer(grantIssuer)
        .setSubject(grant.actorId)
        .setJti(grant.grantId)
        .setIssuedAt(grant.issuedAt)
        .setExpirationTime(grant.expiresAt)
        .sign(await importJWK(key.privateJwk, 'ES256'));
    },
  };
}
