import { Fault } from '@caregraph/fault';
import type { Actor } from '../actor.ts';
import { verifyProof, type ProofOptions } from '../dpop/verify-proof.ts';
import type { Credentials } from './verify-token.ts';

/**
 * Threat: a token copied from a log, a backup or a phone is used by somebody else. Defence: a
 * token that names a key or a certificate is good only together with it, and never as a bearer
 * token (RFC 9449 §7.1, RFC 8705 §3).
 */
export async function requireBinding(
  bound: {
    readonly actor: Actor;
    readonly token: string;
    readonly scheme: string;
    readonly credentials: Credentials;
  },
  options: { readonly proofs?: ProofOptions },
): Promise<void> {
  const { actor, token, scheme, credentials } = bound;
  const { jkt, x5tS256 } = actor.confirmation ?? {};
  if (x5tS256 !== undefined && credentials.clientCertificateThumbprint !== x5tS256) {
    throw new Fault('TOKEN_BINDING_REFUSED');
  }
  if (jkt === undefined) {
    // An unbound token under the scheme of bound ones would only look protected.
    if (scheme === 'dpop') throw new Fault('TOKEN_BINDING_REFUSED');
    return;
  }
  const { dpop: proof, method } = credentials;
  if (scheme !== 'dpop' || proof === undefined || options.proofs === undefined) {
    throw new Fault('TOKEN_BINDING_REFUSED');
  }
  await verifyProof({ proof, accessToken: token, jkt, method }, options.proofs);
}
