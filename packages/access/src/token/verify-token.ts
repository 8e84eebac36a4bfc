import { errors, jwtVerify, type JWTVerifyGetKey } from 'jose';
import type { Clock } from '@caregraph/clock';
import { Fault, type FaultCode } from '@caregraph/fault';
import { accessTokenClaims, actorFromClaims, type Actor } from '../actor.ts';
import type { ProofOptions } from '../dpop/verify-proof.ts';
import type { RevocationList } from '../revocation/revocation-list.ts';
import { refuseNonCanonicalSegments } from './canonical-segments.ts';
import { requireBinding } from './require-binding.ts';
import { createVerifiedTokenCache } from './verified-token-cache.ts';

export interface TokenVerifierOptions {
  /** The only accepted `iss`. */
  readonly issuer: string;
  /** The value that `aud` must hold. */
  readonly audience: string;
  /** Finds a public key by the token's header: jose's createLocalJWKSet or createRemoteJWKSet. */
  readonly keys: JWTVerifyGetKey;
  readonly clock: Clock;
  /** What was revoked. Asked on every request, also for cached tokens. */
  readonly revocations?: RevocationList;
  /** How proofs of possession are checked; without it a bound token is refused. */
  readonly proofs?: ProofOptions;
}

/** What a request brings to prove who sends it. */
export interface Credentials {
  /** The Authorization header: `Bearer <token>`, or `DPoP <token>` for a token bound to a key. */
  readonly authorization: string | undefined;
  /** The DPoP header. */
  readonly dpop?: string | undefined;
  /** The HTTP method that the client used, where it is known. */
  readonly method?: string | undefined;
  /** SHA-256 of the client's certificate, base64url, as TLS or the router vouches for it. */
  readonly clientCertificateThumbprint?: string | undefined;
}

export interface TokenVerifier {
  /**
   * @param token the compact JWT, without `Bearer `
   * @throws Fault TOKEN_* naming what is wrong
   */
  verify(token: string): Promise<Actor>;
  /**
   * As verify, and checks that the sender holds what the token is bound to.
   *
   * @throws Fault UNAUTHENTICATED without a token, TOKEN_BINDING_REFUSED, DPOP_PROOF_INVALID
   */
  verifyRequest(credentials: Credentials): Promise<Actor>;
}

/** The only algorithm that anything of ours is signed with. */
export const signatureOptions = { algorithms: ['ES256'] };

/** Clocks of phones and servers differ: RFC 7519 §4.1.4 allows some small leeway. */
const clockToleranceS = 30;
const longestLifetimeS = 3_600;
const maxTokenLength = 8_192;
const schemeAndToken = /^(Bearer|DPoP) ([^\s]+)$/i;

/**
 * Verifies RFC 9068 access tokens: a list of named steps, each with its own code.
 *
 * @example const actor = await verifier.verifyRequest({ authorization: headers.authorization, dpop: headers.dpop });
 */
export function createTokenVerifier(options: TokenVerifierOptions): TokenVerifier {
  const cache = createVerifiedTokenCache(options.clock, clockToleranceS);

  async function verify(token: string): Promise<Actor> {
    const actor = cache.get(token) ?? (await verifyAfresh(token, options));
    if (options.revocations?.isRevoked(actor)) throw new Fault('TOKEN_REVOKED');
    cache.keep(token, actor);
    return actor;
  }

  return {
    verify,
    async verifyRequest(credentials) {
      const [, scheme, token] = schemeAndToken.exec(credentials.authorization ?? '') ?? [];
      if (scheme === undefined || token === undefined) throw new Fault('UNAUTHENTICATED');
      const actor = await verify(token);
      await requireBinding({ actor, token, scheme: scheme.toLowerCase(), credentials }, options);
      return actor;
    },
  };
}

async function verifyAfresh(token: string, options: TokenVerifierOptions): Promise<Actor> {
  if (token.length > maxTokenLength) throw new Fault('TOKEN_MALFORMED');
  refuseNonCanonicalSegments(token);
  const verified = await jwtVerify(token, options.keys, {
    ...signatureOptions,
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
  // Revocations are forgotten after this: a token that lives longer would come back.
  if (claims.data.exp - claims.data.iat > longestLifetimeS) throw new Fault('TOKEN_CLAIMS_INVALID');
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
