import {
  SignJWT,
  calculateJwkThumbprint,
  exportJWK,
  generateKeyPair,
  importJWK,
  type JWK,
} from 'jose';
import type { Clock, IdSource } from '@caregraph/clock';
import type { Confirmation } from '../actor.ts';
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
  /** The client that the token is for; the issuer's own when left out. */
  readonly clientId?: string;
  readonly sessionId?: string;
  /** Left out, as the issuer's options say. */
  readonly documents?: 'free' | 'registered';
  readonly confirmation?: Confirmation;
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
  return signingKeyOf(await exportJWK(pair.privateKey));
}

/** A key pair from its private half, named by its thumbprint (RFC 7638) unless it has a name. */
export async function signingKeyOf(privateJwk: JWK): Promise<SigningKey> {
  const { kty, crv, x, y } = privateJwk;
  const publicJwk = { kty, crv, x, y } as JWK;
  const keyId = privateJwk.kid ?? (await calculateJwkThumbprint(publicJwk));
  const marks = { kid: keyId, alg: 'ES256', use: 'sig' };
  return {
    keyId,
    privateJwk: { ...privateJwk, ...marks },
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
  /** Whether the tokens allow documents that nobody registered; they do not when left out. */
  documents?: 'free' | 'registered';
  clock: Clock;
  ids: IdSource;
}): TokenIssuer {
  const { key, issuer, audience, clock, ids } = options;
  return {
    async issue(subject, lifetimeS = 600) {
      const nowS = Math.floor(clock.now().getTime() / 1_000);
      const claims = claimsOf(subject, options);
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

function claimsOf(
  subject: TokenSubject,
  options: { clientId: string; documents?: 'free' | 'registered' },
): Record<string, unknown> {
  const { jkt, x5tS256 } = subject.confirmation ?? {};
  const documents = subject.documents ?? options.documents;
  return {
    client_id: subject.clientId ?? options.clientId,
    roles: subject.roles,
    institution: subject.institutionId,
    areas: subject.areaRoots,
    purposes: subject.purposes,
    device: subject.deviceId,
    scope: subject.scope,
    sid: subject.sessionId,
    documents: documents === 'free' ? documents : undefined,
    // JSON leaves out what is undefined.
    cnf: subject.confirmation && { jkt, 'x5t#S256': x5tS256 },
  };
}
