import {
  createLocalJWKSet,
  errors,
  FlattenedSign,
  flattenedVerify,
  importJWK,
  type JSONWebKeySet,
} from 'jose';
import type { SigningKey } from '@caregraph/access';
import { canonicalJson, type PlainJson } from './canonical-json.ts';

/** Tells what a signature stands for: one of a record must not pass for one of a certificate. */
const types = {
  record: 'caregraph-erasure-record+jws',
  certificate: 'caregraph-erasure-certificate+jws',
} as const;

export type SignedKind = keyof typeof types;

/** Signs what the list of erasures says. */
export type ErasureSigner = (kind: SignedKind, value: PlainJson) => Promise<string>;

/**
 * Signs canonical JSON: detached JWS, ES256 (RFC 7515 appendix F).
 *
 * @returns a signer that gives `header..signature`
 */
export function createErasureSigner(key: SigningKey): ErasureSigner {
  return async (kind, value) => {
    const signed = await new FlattenedSign(Buffer.from(canonicalJson(value)))
      .setProtectedHeader({ alg: 'ES256', typ: types[kind], kid: key.keyId })
      .sign(await importJWK(key.privateJwk, 'ES256'));
    return `${signed.protected}..${signed.signature}`;
  };
}

/** @returns false for anything that is not a signature of one of the keys; other failures throw */
export async function isSigned(
  kind: SignedKind,
  value: PlainJson,
  signature: string,
  keys: JSONWebKeySet,
): Promise<boolean> {
  const [, header, made] = /^([\w-]{1,1000})\.\.([\w-]{86})$/.exec(signature) ?? [];
  if (header === undefined || made === undefined) return false;
  try {
    const payload = Buffer.from(canonicalJson(value)).toString('base64url');
    const { protectedHeader } = await flattenedVerify(
      { protected: header, payload, signature: made },
      createLocalJWKSet(keys),
      { algorithms: ['ES256'] },
    );
    return protectedHeader?.typ === types[kind];
  } catch (error) {
    if (error instanceof errors.JOSEError) return false;
    throw error;
  }
}
