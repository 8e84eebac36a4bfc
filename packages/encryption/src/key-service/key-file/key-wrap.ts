import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { keyBytes, refused } from '../key-request.ts';
import type { UnwrapRequest, WrapRequest, WrappedKey } from '../key-service.ts';
import type { KekVersion } from './key-ring.ts';

/**
 * A wrapped key: format (1 byte), KEK version (4 bytes, big endian), nonce (12), ciphertext (32),
 * tag (16). AES-256-GCM (NIST SP 800-38D) with a random nonce: a KEK wraps some thousand keys
 * between two rotations, far from the 2^32 that random nonces allow.
 */
const formatByte = 1;
const headBytes = 5;
const nonceBytes = 12;
const tagBytes = 16;
const wrappedBytes = headBytes + nonceBytes + keyBytes + tagBytes;

export function wrapWith(kek: KekVersion, { key, context }: WrapRequest): WrappedKey {
  const wrapped = new Uint8Array(wrappedBytes);
  const head = Buffer.alloc(headBytes, formatByte);
  head.writeUInt32BE(kek.version, 1);
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv('aes-256-gcm', kek.key, nonce).setAAD(associated(head, context));
  const text = Buffer.concat([cipher.update(key), cipher.final()]);
  wrapped.set(Buffer.concat([head, nonce, text, cipher.getAuthTag()]));
  return { kekVersion: kek.version, wrapped };
}

/** The version that the bytes name. @throws KeyServiceError when they are no key that we wrapped */
export function namedVersion({ wrapped, kekVersion }: UnwrapRequest): number {
  const bytes = Buffer.from(wrapped.buffer, wrapped.byteOffset, wrapped.byteLength);
  if (bytes.length !== wrappedBytes || bytes.readUInt8(0) !== formatByte) {
    throw refused('it was not wrapped by a key file');
  }
  const version = bytes.readUInt32BE(1);
  if (version !== kekVersion) throw refused('it names another version than stands beside it');
  return version;
}

/** @returns a fresh buffer that is not a part of Node's pool, so that wiping it wipes the key */
export function unwrapWith(kek: KekVersion, { wrapped, context }: UnwrapRequest): Uint8Array {
  const bytes = Buffer.from(wrapped.buffer, wrapped.byteOffset, wrapped.byteLength);
  const head = bytes.subarray(0, headBytes);
  const nonce = bytes.subarray(headBytes, headBytes + nonceBytes);
  const decipher = createDecipheriv('aes-256-gcm', kek.key, nonce, { authTagLength: tagBytes });
  decipher.setAAD(associated(head, context)).setAuthTag(bytes.subarray(-tagBytes));
  const opened = decipher.update(bytes.subarray(headBytes + nonceBytes, -tagBytes));
  const key = Uint8Array.from(opened);
  opened.fill(0);
  try {
    decipher.final();
    return key;
  } catch {
    key.fill(0);
    throw refused(`version ${kek.version} does not open it: damaged, or of another context`);
  }
}

/**
 * Threat: a wrapped key is moved to another row, or labelled with another version. Defence: format,
 * version and context are authenticated. The head has a fixed length, so nothing can shift.
 */
function associated(head: Uint8Array, context: string): Buffer {
  return Buffer.concat([Buffer.from('caregraph/key-file\0'), head, Buffer.from(context, 'ascii')]);
}
