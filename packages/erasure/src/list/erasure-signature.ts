import type { JSONWebKeySet } from 'jose';
import { isSignedDetached, signDetached, type SigningKey } from '@caregraph/access';
import { canonicalJson, type PlainJson } from './canonical-json.ts';

/** Tells what a signature stands for: one of a record must not pass for one of a certificate. */
const types = {
  record: 'caregraph-erasure-record+jws',
  certificate: 'caregraph-erasure-certificate+jws',
  list: 'caregraph-erasure-list+jws',
} as const;

export type SignedKind = keyof typeof types;

/** Signs what the list of erasures says. */
export type ErasureSigner = (kind: SignedKind, value: PlainJson) => Promise<string>;

/** @returns a signer that gives a detached JWS of canonical JSON: `header..signature` */
export function createErasureSigner(key: SigningKey): ErasureSigner {
  return (kind, value) => signDetached(bytesOf(value), { typ: types[kind] }, key);
}

/** @returns false for anything that is not a signature of one of the keys; other failures throw */
export function isSigned(
  kind: SignedKind,
  value: PlainJson,
  signature: string,
  keys: JSONWebKeySet,
): Promise<boolean> {
  return isSignedDetached(bytesOf(value), { typ: types[kind] }, signature, keys);
}

function bytesOf(value: PlainJson): Uint8Array {
  return Buffer.from(canonicalJson(value));
}
