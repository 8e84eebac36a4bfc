import { errors, jwtVerify, type JWTVerifyGetKey } from 'jose';
import type { Clock } from '@caregraph/clock';
import { Fault, type FaultCode } from '@caregraph/fault';
import { accessTokenClaims, actorFromClaims, type Actor } from '../actor.ts';
import { refuseNonCanonicalSegments } from './canonical-segments.ts';
import { createVerifiedTokenCache } from './verified-token-cache.ts';

export interface TokenVerifierOptions {
  /** The only accepted `iss`. */
  readonly issuer: string;
  /** The value that `aud` must hold. */
  readonly audience: string;
  /** Finds a public key by the token's header: jose's createLocalJWKSet or createRemoteJWKSet. */
  readonly keys: JWTVerifyGetKey;
  readonly clock: Clock;
  /** Tells whether a token id was revoked. Asked on every request, also for cached tokens. */
  readonly isRevoked?: (tokenId: string) => boolean;
}

export interface TokenVerifier {
  /**
   * @param token the compact JWT, without `Bearer `
   * @throws Fault TOKEN_* naming what is wrong
   */
  verify(token: string): Promise<Actor>;
  /** As verify, from the value of an Authorization header. @throws Fault UNAUTHENTICATED */
  verifyHeader(authorization: string | undefined): Promise<Actor>;
}

/** Clocks of phones and servers differ: RFC 7519 §4.1.4 allows some small leeway. */
const clockToleranceS = 30;
const maxTokenLength = 8_192;

/**
 * Verifies RFC 9068 access tokens: a list of named steps, each with its own code.
 *
 * @example const actor = await createTokenVerifier(options).verifyHeader(request.headers.authorization);
 */
export function createTokenVerifier(options: TokenVerifierOptions): TokenVerifier {
  const cache = createVerifiedTokenCache(options.clock, clockToleranceS);

  async function verify(token: string): Promise<Actor> {
    const actor = cache.get(token) ?? (await verifyAfresh(token, options));
    if (options.isRevoked?.(actor.tokenId)) throw new Fault('TOKEN_REVOKED');
    cache.keep(token, actor);
    return actor;
  }

  return {
    verify,
    async verifyHeader(authorization) {
      const token = /^Bearer ([^\s]+)$/i.exec(authorization ?? '')?.[1];
      if (token === undefined) throw new Fault('UNAUTHENTICATED');
      return verify(token);
    },
  };
}

async function verifyAfresh(token: string, options: TokenVerifierOptions): Promise<Actor> {
  if (token.length > maxTokenLength) throw new Fault('TOKEN_MALFORMED');
  refuseNonCanonicalSegments(token);
  const verified = await jwtVerify(token, options.keys, {
    algorithms: ['ES256'],
    typ: 'at+jwt',
    issuer: options.issuer,
    audience: options.audience,
    clockTolerance: clockToleranceS,
    currentDate: options.clock.now(),
    requiredClaims: ['exp', 'iat', 'jti', 'sub', 'client_id'],
  }).catch((error: unknown) => {
    throw faultOf(error);
  });
  const claims = accessTokenClaims.safeParse(verified.payload);
  if (!claims.success) throw new Fault('TOKEN_CLAIMS_INVALID');
  const nowS = options.clock.now().getTime() / 1_000;
  // A token from the future was made by a wrong clock, or for later use by someone else.
  if (claims.data.iat > nowS + clockToleranceS) throw new Fault('TOKEN_NOT_YET_VALID');
  return actorFromClaims(claims.data);
}

function faultOf(error: unknown): unknown {
  if (error instanceof errors.JWTExpired) return new Fault('TOKEN_EXPIRED');
  if (error instanceof errors.JWTClaimValidationFailed) return new Fault(codeOfClaim(error.claim));
  if (error instanceof errors.JOSEAlgNotAllowed) return new Fault('TOKEN_ALGORITHM_REFUSED');
  if (error instanceof errors.JWSSignatureVerificationFailed) {
    return new Fault('TOKEN_SIGNATURE_INVALID');
  }
  if (error instanceof errors.JWKSNoMatchingKey) return new Fault('TOKEN_SIGNATURE_INVALID');
  if (error instanceof errors.JWKSMultipleMatchingKeys) return new Fault('TOKEN_SIGNATURE_INVALID');
  if (error instanceof errors.JOSENotSupported) return new Fault('TOKEN_ALGORITHM_REFUSED');
  if (error instanceof errors.JWSInvalid || error instanceof errors.JWTInvalid) {
    return new Fault('TOKEN_MALFORMED');
  }
  // An unreachable key server is a fault of ours, not a bad token.
  return error;
}

function codeOfClaim(claim: string): FaultCode {
  switch (claim) {
    case 'iss':
      return 'TOKEN_ISSUER_REFUSED';
    case 'aud':
      return 'TOKEN_AUDIENCE_REFUSED';
    case 'nbf':
      return 'TOKEN_NOT_YET_VALID';
    default:
      return 'TOKEN_CLAIMS_INVALID';
  }
}
