import {
  createLocalJWKSet,
  errors,
  FlattenedSign,
  flattenedVerify,
  importJWK,
  type JSONWebKeySet,
} from 'jose';
import type { SigningKey } from './issue-token.ts';

const algorithm = 'ES256';

/**
 * What a signature stands for, as the protected header says it: `typ` tells it from everything else
 * that the same key signs, further members bind what the bytes do not say themselves.
 */
export type SignedAs = Readonly<Record<string, string>> & { readonly typ: string };

/**
 * Signs bytes that are kept elsewhere: detached JWS, ES256 (RFC 7515 appendix F).
 *
 * @returns `header..signature`
 */
export async function signDetached(
  bytes: Uint8Array,
  as: SignedAs,
  key: SigningKey,
): Promise<string> {
  const signed = await new FlattenedSign(bytes)
    .setProtectedHeader({ ...as, alg: algorithm, kid: key.keyId })
    .sign(await importJWK(key.privateJwk, algorithm));
  return `${signed.protected}..${signed.signature}`;
}

/**
 * Tells whether a signature of one of the keys stands for these bytes as this.
 *
 * Threat: a signature is shown for something else that the same key signed. Defence: each member of
 * `as` must stand in the protected header.
 *
 * @param keys public keys as a JWK set
 * @returns false for anything that is not such a signature; other failures throw
 */
export async function isSignedDetached(
  bytes: Uint8Array,
  as: SignedAs,
  signature: string,
  keys: JSONWebKeySet,
): Promise<boolean> {
  const [, header, made] = /^([\w-]{1,1000})\.\.([\w-]{86})$/.exec(signature.trim()) ?? [];
  if (header === undefined || made === undefined) return false;
  try {
    const { protectedHeader } = await flattenedVerify(
      { protected: header, payload: Buffer.from(bytes).toString('base64url'), signature: made },
      createLocalJWKSet(keys),
      { algorithms: [algorithm] },
    );
    return Object.entries(as).every(([member, value]) => protectedHeader?.[member] === value);
  } catch (error) {
    if (error instanceof errors.JOSEError) return false;
    throw error;
  }
}
