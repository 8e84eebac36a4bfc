import { createSecretKey } from 'node:crypto';
import { openGcm, sealGcm, tagBytes, type KeyObjects } from './aes-gcm.ts';
import { lengthPrefixedInto, namesPrefixed, prefixedBytes, uuidOf } from './associated-data.ts';
import type { DataKey } from './data-key.ts';
import { nonceBytes } from './nonce-source.ts';

/** Where a value stands. Everything here is bound to it. */
export interface ValuePlace {
  readonly store: string;
  readonly model: string;
  readonly field: string;
  readonly rowId: string;
}

export const sealedVersion = 1;
/** Most bytes of plaintext in one value. */
export const maxPlainBytes = 1024 * 1024;

const idBytes = 16;
const commitmentBytes = 32;
const commitmentAt = 1 + idBytes;
const nonceAt = commitmentAt + commitmentBytes;
const bodyAt = nonceAt + nonceBytes;
/** What a sealed value is longer than its plaintext: 77 bytes. */
export const sealedOverheadBytes = bodyAt + tagBytes;

function associatedData(key: Pick<DataKey, 'idBytes'>, place: ValuePlace): Buffer {
  const names = namesPrefixed(place.store, place.model, place.field);
  const rowIdAt = 1 + idBytes + names.length;
  const out = Buffer.allocUnsafe(rowIdAt + prefixedBytes(place.rowId));
  out[0] = sealedVersion;
  out.set(key.idBytes, 1);
  out.set(names, 1 + idBytes);
  lengthPrefixedInto(out, rowIdAt, place.rowId);
  return out;
}

/**
 * Seals one value by FORMAT.md version 1: AES-256-GCM (NIST SP 800-38D) with key commitment.
 *
 * @param nonce 12 random bytes of their own for this value
 * @param objectOf one for all values of a statement: `keyObjectsOfOneWork`
 * @throws RangeError for more than 1 MiB of plaintext
 * @example sealValue(key, { store: 'patient', model: 'Patient', field: 'name', rowId }, plain, nonce)
 */
export function sealValue(
  key: DataKey,
  place: ValuePlace,
  plain: Uint8Array,
  nonce: Uint8Array,
  objectOf: KeyObjects = createSecretKey,
): Uint8Array<ArrayBuffer> {
  if (plain.length > maxPlainBytes) throw new RangeError('a sealed value has at most 1 MiB');
  const sealed = new Uint8Array(plain.length + sealedOverheadBytes);
  sealed[0] = sealedVersion;
  sealed.set(key.idBytes, 1);
  sealed.set(key.commitment, commitmentAt);
  sealed.set(nonce, nonceAt);
  sealGcm(objectOf(key.fieldKey), nonce, associatedData(key, place), plain, sealed, bodyAt);
  return sealed;
}

/** The id of the key that sealed a value; undefined when the bytes are not of version 1. */
export function keyIdOf(sealed: Uint8Array): string | undefined {
  const whole = sealed[0] === sealedVersion && sealed.length >= sealedOverheadBytes;
  return whole ? uuidOf(sealed.subarray(1, commitmentAt)) : undefined;
}

/** Why a value did not open. */
export type OpenFailure = 'MALFORMED' | 'WRONG_KEY' | 'REFUSED';

/**
 * Opens one value, or tells why not. Never a part of it, and never an empty text in its place.
 *
 * Threat: a value is moved to another row or column, or made to open under two keys. Defence: its
 * place is associated data, and the commitment of the key is compared before anything is opened.
 */
export function openValue(
  key: DataKey,
  place: ValuePlace,
  sealed: Uint8Array,
  objectOf: KeyObjects = createSecretKey,
): Uint8Array | OpenFailure {
  if (sealed[0] !== sealedVersion || sealed.length < sealedOverheadBytes) return 'MALFORMED';
  if (!isPart(sealed, 1, key.idBytes) || !isPart(sealed, commitmentAt, key.commitment)) {
    return 'WRONG_KEY';
  }
  const nonce = sealed.subarray(nonceAt, bodyAt);
  const body = sealed.subarray(bodyAt);
  return openGcm(objectOf(key.fieldKey), nonce, associatedData(key, place), body) ?? 'REFUSED';
}

/** Both sides are public (they stand in the value), so the time of the comparison tells nothing. */
function isPart(whole: Uint8Array, at: number, part: Uint8Array): boolean {
  for (let index = 0; index < part.length; index += 1) {
    if (whole[at + index] !== part[index]) return false;
  }
  return true;
}
