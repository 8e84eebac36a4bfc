import { createSecretKey, hkdfSync } from 'node:crypto';
import { openGcm, sealGcm, tagBytes, type KeyObjects } from './aes-gcm.ts';
import { lengthPrefixed, uuidBytes } from './associated-data.ts';
import { nonceBytes } from './nonce-source.ts';

/** A data key as it is used: derived, and wiped with `wipeDataKey`. */
export interface DataKey {
  /** UUID, lower case. */
  readonly id: string;
  /** The patient, household or institution whose values it seals. */
  readonly ownerId: string;
  /** 16 bytes of the id, as they stand in values. */
  readonly idBytes: Uint8Array;
  /** 32 bytes: the AES-256-GCM key of fields. */
  readonly fieldKey: Uint8Array;
  /** 32 bytes that a value carries, so that it opens under no other key. */
  readonly commitment: Uint8Array;
}

export const keyBytes = 32;
const wrapVersion = 1;
const wrappedBytes = 1 + nonceBytes + keyBytes + tagBytes;

/** Whose data key it is and under which partition key it lies: all of it is authenticated. */
export interface DataKeyPlace {
  readonly store: string;
  readonly keyId: string;
  readonly ownerId: string;
  readonly partitionKeyId: string;
}

/**
 * Derives what is used from 32 bytes of key material (RFC 5869), by FORMAT.md.
 *
 * @param material 32 bytes; the caller wipes them
 */
export function deriveDataKey(id: string, ownerId: string, material: Uint8Array): DataKey {
  const idBytes = uuidBytes(id);
  const secret = createSecretKey(material);
  const derive = (label: string) => {
    const info = Buffer.concat([Buffer.from(`${label}\0`), idBytes]);
    return new Uint8Array(hkdfSync('sha256', secret, '', info, keyBytes));
  };
  return {
    id,
    ownerId,
    idBytes,
    fieldKey: derive('caregraph/field-key/v1'),
    commitment: derive('caregraph/key-commitment/v1'),
  };
}

/** Overwrites the key in memory. Nothing may be sealed or opened with it afterwards. */
export function wipeDataKey(key: DataKey): void {
  key.fieldKey.fill(0);
  key.commitment.fill(0);
}

function placeBytes(place: DataKeyPlace): Buffer {
  return Buffer.concat([
    Buffer.from('caregraph/data-key/v1\0'),
    lengthPrefixed(place.store),
    uuidBytes(place.keyId),
    uuidBytes(place.ownerId),
    uuidBytes(place.partitionKeyId),
  ]);
}

/**
 * Wraps a data key under a partition key: AES-256-GCM (NIST SP 800-38D), bound to its place.
 *
 * @param nonce 12 random bytes, never used before under this partition key
 * @returns 61 bytes
 */
export function wrapDataKey(
  partitionKey: Uint8Array,
  place: DataKeyPlace,
  material: Uint8Array,
  nonce: Uint8Array,
  objectOf: KeyObjects = createSecretKey,
): Uint8Array {
  const bodyAt = 1 + nonceBytes;
  const wrapped = new Uint8Array(bodyAt + material.length + tagBytes);
  wrapped[0] = wrapVersion;
  wrapped.set(nonce, 1);
  sealGcm(objectOf(partitionKey), nonce, placeBytes(place), material, wrapped, bodyAt);
  return wrapped;
}

/**
 * Opens what `wrapDataKey` made.
 *
 * @returns 32 bytes for the caller to wipe; undefined when it does not open: it is damaged, or of
 *   another partition key, owner, subgraph or id
 */
export function unwrapDataKey(
  partitionKey: Uint8Array,
  place: DataKeyPlace,
  wrapped: Uint8Array,
  objectOf: KeyObjects = createSecretKey,
): Uint8Array | undefined {
  if (wrapped.length !== wrappedBytes || wrapped[0] !== wrapVersion) return undefined;
  const nonce = wrapped.subarray(1, 1 + nonceBytes);
  const body = wrapped.subarray(1 + nonceBytes);
  return openGcm(objectOf(partitionKey), nonce, placeBytes(place), body);
}
