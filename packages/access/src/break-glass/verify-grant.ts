import { errors, jwtVerify, type JWTVerifyGetKey } from 'jose';
import type { Clock } from '@caregraph/clock';
import { Fault, isFault } from '@caregraph/fault';
import type { Actor } from '../actor.ts';
import { refuseNonCanonicalSegments } from '../token/canonical-segments.ts';
import {
  grantIssuer,
  grantOfClaims,
  grantType,
  longestGrantS,
  type BreakGlassGrant,
} from './break-glass-grant.ts';

/** What is wrong with a grant; travels as `reason` of BREAK_GLASS_REFUSED. */
export type GrantRefusal =
  | 'MALFORMED'
  | 'SIGNATURE'
  | 'CLAIMS'
  | 'EXPIRED'
  | 'NOT_YET_VALID'
  | 'OTHER_ACTOR'
  | 'PURPOSE'
  | 'PERMISSION'
  | 'CLOSED';

export interface BreakGlassVerifier {
  /**
   * @param grant the value of the header: a compact JWS
   * @param actor whose verified token came with it
   * @throws Fault BREAK_GLASS_REFUSED with what is wrong as `reason`; faults of the key server as
   *   they come
   */
  verify(grant: string, actor: Actor): Promise<BreakGlassGrant>;
}

export interface BreakGlassVerifierOptions {
  /** Finds the public key of the patient subgraph by the header of the grant. */
  readonly keys: JWTVerifyGetKey;
  readonly clock: Clock;
  /** Tells whether a grant was closed before its time. Asked on every request. */
  readonly isClosed?: (grant: BreakGlassGrant, actor: Actor) => boolean;
}

const maxGrantLength = 2_048;
/** Clocks of our own servers; expiry knows no leeway. */
const futureToleranceS = 30;

/**
 * Verifies the grants that open a record outside of the scope.
 *
 * Threat: whoever gets hold of a grant, or makes one, reads any record. Defence: a grant opens one
 * record for one actor whose own token comes with it, who may still break the glass now, for the
 * purpose that was stated then, and for an hour at most; everything else is refused, and never
 * ignored, so that nobody takes an empty record for a healthy patient.
 *
 * @example await createBreakGlassVerifier({ keys, clock }).verify(headers['x-break-glass'], actor);
 */
export function createBreakGlassVerifier(options: BreakGlassVerifierOptions): BreakGlassVerifier {
  const { clock, isClosed } = options;
  return {
    async verify(text, actor) {
      const grant = await readGrant(text, options);
      const nowS = clock.now().getTime() / 1_000;
      const lifetimeS = grant.expiresAt - grant.issuedAt;
      if (lifetimeS <= 0 || lifetimeS > longestGrantS) throw refused('CLAIMS');
      if (grant.issuedAt > nowS + futureToleranceS) throw refused('NOT_YET_VALID');
      if (grant.actorId !== actor.id) throw refused('OTHER_ACTOR');
      if (!actor.permissions.has('record:break-glass')) throw refused('PERMISSION');
      if (!actor.purposes.includes(grant.purpose)) throw refused('PURPOSE');
      if (isClosed?.(grant, actor)) throw refused('CLOSED');
      return grant;
    },
  };
}

async function readGrant(
  text: string,
  { keys, clock }: BreakGlassVerifierOptions,
): Promise<BreakGlassGrant> {
  try {
    if (text.length > maxGrantLength) throw refused('MALFORMED');
    refuseNonCanonicalSegments(text);
    const { payload } = await jwtVerify(text, keys, {
      algorithms: ['ES256'],
      typ: grantType,
      issuer: grantIssuer,
      currentDate: clock.now(),
      requiredClaims: ['sub', 'jti', 'iat', 'exp'],
    });
    const grant = grantOfClaims(payload);
    if (grant === undefined) throw refused('CLAIMS');
    return grant;
  } catch (error) {
    throw faultOf(error);
  }
}

/** The fault of a grant that is not accepted. */
function refused(reason: GrantRefusal): Fault {
  return new Fault('BREAK_GLASS_REFUSED', { reason });
}

function faultOf(error: unknown): unknown {
  if (isFault(error)) return error.code === 'BREAK_GLASS_REFUSED' ? error : refused('MALFORMED');
  if (error instanceof errors.JWTExpired) return refused('EXPIRED');
  if (error instanceof errors.JWTClaimValidationFailed) return refused('CLAIMS');
  const notSigned = [
    errors.JOSEAlgNotAllowed,
    errors.JOSENotSupported,
    errors.JWSSignatureVerificationFailed,
    errors.JWKSNoMatchingKey,
    errors.JWKSMultipleMatchingKeys,
  ];
  if (notSigned.some((one) => error instanceof one)) return refused('SIGNATURE');
  if (error instanceof errors.JWSInvalid || error instanceof errors.JWTInvalid) {
    return refused('MALFORMED');
  }
  // An unreachable key server is a fault of ours, not a bad grant.
  return error;
}
