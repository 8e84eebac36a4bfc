import {
  SignJWT,
  calculateJwkThumbprint,
  exportJWK,
  generateKeyPair,
  importJWK,
  type JWK,
} from 'jose';
import type { Clock, IdSource } from '@caregraph/clock';
import type { Purpose, Role } from '../role.ts';

/** A signing key pair as JWKs; the private one never leaves the process or its 0600 file. */
export interface SigningKey {
  readonly keyId: string;
  readonly privateJwk: JWK;
  readonly publicJwk: JWK;
}

export interface TokenSubject {
  readonly id: string;
  readonly roles: readonly Role[];
  readonly institutionId: string;
  readonly areaRoots: readonly string[];
  readonly purposes: readonly [Purpose, ...Purpose[]];
  readonly deviceId?: string;
  readonly scope?: string;
}

export interface TokenIssuer {
  /**
   * Signs an RFC 9068 access token.
   *
   * @param lifetimeS seconds until it expires; ten minutes when left out
   */
  issue(subject: TokenSubject, lifetimeS?: number): Promise<string>;
}

/** Makes an ES256 key pair on the spot. */
export async function makeSigningKey(): Promise<SigningKey> {
  const pair = await generateKeyPair('ES256', { extractable: true });
  const publicJwk = await exportJWK(pair.publicKey);
  const keyId = await calculateJwkThumbprint(publicJwk);
  const marks = { kid: keyId, alg: 'ES256', use: 'sig' };
  return {
    keyId,
    privateJwk: { ...(await exportJWK(pair.privateKey)), ...marks },
    publicJwk: { ...publicJwk, ...marks },
  };
}

/**
 * Issues access tokens with a key that the caller holds: demo sign-ins and tests.
 *
 * @example const issuer = createTokenIssuer({ key, issuer, audience, clientId: 'demo', clock, ids });
 */
export function createTokenIssuer(options: {
  key: SigningKey;
  issuer: string;
  audience: string;
  clientId: string;
  clock: Clock;
  ids: IdSource;
}): TokenIssuer {
  const { key, issuer, audience, clientId, clock, ids } = options;
  return {
    async issue(subject, lifetimeS = 600) {
      const nowS = Math.floor(clock.now().getTime() / 1_000);
      const claims = {
        client_id: clientId,
        roles: subject.roles,
        institution: subject.institutionId,
        areas: subject.areaRoots,
        purposes: subject.purposes,
        ...(subject.deviceId === undefined ? {} : { device: subject.deviceId }),
        ...(subject.scope === undefined ? {} : { scope: subject.scope }),
      };
      return new SignJWT(claims)
        .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: key.keyId })
        .setIssuer(issuer)
        .setAudience(audience)
        .setSubject(subject.id)
        .setJti(ids.next())
        .setIssuedAt(nowS)
        .setExpirationTime(nowS + lifetimeS)
        .sign(await importJWK(key.privateJwk, 'ES256'));
    },
  };
}
