import { createHash, timingSafeEqual } from 'node:crypto';
import { EmbeddedJWK, calculateJwkThumbprint, errors, jwtVerify } from 'jose';
import { z } from 'zod';
import type { Clock } from '@caregraph/clock';
import { Fault } from '@caregraph/fault';
import { refuseNonCanonicalSegments } from '../token/canonical-segments.ts';
import type { ReplayGuard } from './replay-guard.ts';

/** Old enough for a slow village network, too young to be worth stealing: RFC 9449 §11.1. */
const lifetimeS = 60;
const clockToleranceS = 30;
const maxProofLength = 4_096;

const proofClaims = z.object({
  jti: z.string().min(1).max(200),
  htm: z.string(),
  htu: z.string(),
  iat: z.number().int(),
  ath: z.string(),
});
const publicKey = z.object({ kty: z.literal('EC'), crv: z.literal('P-256') });

export interface ProofOptions {
  /** Where clients reach the router's graph, as they write it; query and fragment are left out. */
  readonly url: string;
  readonly clock: Clock;
  /** Remembers proofs that were used. Subgraphs have none: one request makes many fetches. */
  readonly replay?: ReplayGuard;
}

export interface ProofCall {
  readonly proof: string;
  readonly accessToken: string;
  /** RFC 7638 thumbprint that the token is bound to. */
  readonly jkt: string;
  /** The method that the client used; either one of the graph's when the caller cannot know it. */
  readonly method: string | undefined;
}

/**
 * Checks a DPoP proof step by step.
 *
 * @throws Fault DPOP_PROOF_INVALID, whatever is wrong: a thief learns nothing from the answer
 * @see RFC 9449 §4.3
 */
export async function verifyProof(call: ProofCall, options: ProofOptions): Promise<void> {
  const { proof, accessToken, jkt, method } = call;
  if (proof.length > maxProofLength) throw new Fault('DPOP_PROOF_INVALID');
  const { payload, protectedHeader } = await verifySignature(proof, options.clock);
  const claims = proofClaims.safeParse(payload);
  if (!claims.success) throw new Fault('DPOP_PROOF_INVALID');
  const { htm, htu, iat, ath, jti } = claims.data;
  const nowS = options.clock.now().getTime() / 1_000;
  const steps = [
    method === undefined ? htm === 'POST' || htm === 'GET' : htm === method,
    samePlace(htu, options.url),
    iat <= nowS + clockToleranceS && iat >= nowS - lifetimeS - clockToleranceS,
    sameText(ath, createHash('sha256').update(accessToken).digest('base64url')),
    sameText(await thumbprintOf(protectedHeader.jwk), jkt),
  ];
  if (!steps.every(Boolean)) throw new Fault('DPOP_PROOF_INVALID');
  // Last: only a proof that holds may take up memory.
  const keepS = iat + lifetimeS + 2 * clockToleranceS;
  if (options.replay && !(await options.replay.isFirstUse(`${jkt}.${jti}`, keepS))) {
    throw new Fault('DPOP_PROOF_INVALID');
  }
}

async function verifySignature(proof: string, clock: Clock) {
  try {
    refuseNonCanonicalSegments(proof);
    return await jwtVerify(proof, EmbeddedJWK, {
      algorithms: ['ES256'],
      typ: 'dpop+jwt',
      currentDate: clock.now(),
      clockTolerance: clockToleranceS,
    });
  } catch (error) {
    if (error instanceof errors.JOSEError || error instanceof Fault || error instanceof TypeError) {
      throw new Fault('DPOP_PROOF_INVALID', {}, error);
    }
    throw error;
  }
}

async function thumbprintOf(jwk: unknown): Promise<string> {
  const key = publicKey.loose().safeParse(jwk);
  if (!key.success || 'd' in key.data) throw new Fault('DPOP_PROOF_INVALID');
  return calculateJwkThumbprint(key.data);
}

/** RFC 9449 §4.3 (9): query and fragment of the proof's URL are ignored; the rest is normalised. */
function samePlace(stated: string, expected: string): boolean {
  if (!URL.canParse(stated)) return false;
  const { origin, pathname } = new URL(stated);
  const own = new URL(expected);
  return origin === own.origin && pathname === own.pathname;
}

function sameText(left: string, right: string): boolean {
  const [one, other] = [Buffer.from(left), Buffer.from(right)];
  return one.length === other.length && timingSafeEqual(one, other);
}
