import { createCipheriv, createDecipheriv, randomBytes, type KeyObject } from 'node:crypto';

/** What the library gives back, in pieces. */
export interface BareSealed {
  readonly nonce: Uint8Array;
  readonly body: Uint8Array;
  readonly tag: Uint8Array;
}

/**
 * AES-256-GCM as the documentation of node:crypto shows it, and nothing else: no format, no
 * commitment, associated data that is there already.
 */
export function bareSeal(
  key: Uint8Array | KeyObject,
  associated: Uint8Array,
  plain: Uint8Array,
  nonce: Uint8Array = randomBytes(12),
): BareSealed {
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(associated);
  const body = cipher.update(plain);
  cipher.final();
  return { nonce, body, tag: cipher.getAuthTag() };
}

/** @throws Error when it does not open */
export function bareOpen(
  key: Uint8Array | KeyObject,
  associated: Uint8Array,
  { nonce, body, tag }: BareSealed,
): Uint8Array {
  const decipher = createDecipheriv('aes-256-gcm', key, nonce);
  decipher.setAAD(associated);
  decipher.setAuthTag(tag);
  const plain = decipher.update(body);
  decipher.final();
  return plain;
}
