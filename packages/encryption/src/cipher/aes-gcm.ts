import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto';

const algorithm = 'aes-256-gcm';
export const tagBytes = 16;
const options = { authTagLength: tagBytes };

/**
 * Gives the key object of 32 bytes. A key of bytes costs Node 24 two exceptions a call before it is
 * taken, and an object of the same bytes is made in a third of that time.
 */
export type KeyObjects = (bytes: Uint8Array) => KeyObject;

/**
 * One object for each key in a piece of work that awaits nothing: making it is a third of what it
 * costs to open a short value. Drop it with the work: an object cannot be wiped, so it must not stay
 * where the bytes that it was made of do.
 */
export function keyObjectsOfOneWork(): KeyObjects {
  const made = new Map<Uint8Array, KeyObject>();
  return (bytes) => {
    const known = made.get(bytes);
    if (known !== undefined) return known;
    const object = createSecretKey(bytes);
    made.set(bytes, object);
    return object;
  };
}

/**
 * AES-256-GCM (NIST SP 800-38D) with a nonce of 12 bytes and a tag of 16, as everything here uses it.
 *
 * @param into where ciphertext ‖ tag goes: it has room for `plain` and 16 bytes more at `at`
 */
export function sealGcm(
  key: KeyObject,
  nonce: Uint8Array,
  associatedData: Uint8Array,
  plain: Uint8Array,
  into: Uint8Array,
  at: number,
): void {
  const cipher = createCipheriv(algorithm, key, nonce);
  cipher.setAAD(associatedData);
  into.set(cipher.update(plain), at);
  cipher.final();
  into.set(cipher.getAuthTag(), at + plain.length);
}

/**
 * Opens ciphertext ‖ tag.
 *
 * @returns undefined when it does not open: GCM has one failure, and it says nothing more
 */
export function openGcm(
  key: KeyObject,
  nonce: Uint8Array,
  associatedData: Uint8Array,
  sealed: Uint8Array,
): Uint8Array | undefined {
  const bodyBytes = sealed.length - tagBytes;
  if (bodyBytes < 0) return undefined;
  const decipher = createDecipheriv(algorithm, key, nonce, options);
  decipher.setAAD(associatedData);
  decipher.setAuthTag(sealed.subarray(bodyBytes));
  const plain = decipher.update(sealed.subarray(0, bodyBytes));
  try {
    decipher.final();
    return plain;
  } catch {
    // What was deciphered before the tag was looked at is nobody's.
    plain.fill(0);
    return undefined;
  }
}
