import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';

/** Seals secrets of identity's own store. Patient data is not here; it has its own package. */
export interface SealedValues {
  /** @param context what the value is and whose, e.g. `totp:<staffId>`; the same opens it */
  seal(plain: Uint8Array, context: string): Uint8Array<ArrayBuffer>;
  /** @throws Error when the bytes, the key or the context are not those of the sealing */
  open(sealed: Uint8Array, context: string): Uint8Array<ArrayBuffer>;
  /** A key of 32 bytes for one purpose, derived from the sealing key (RFC 5869). */
  derive(label: string): Uint8Array<ArrayBuffer>;
  /** HMAC-SHA256 under the derived key of `label`: names a secret without giving it away. */
  mac(label: string, text: string): Uint8Array<ArrayBuffer>;
}

const version = 1;
const ivBytes = 12;
const tagBytes = 16;

/**
 * Threat: someone copies the database, or moves a sealed value from one row to another. Defence:
 * AES-256-GCM (NIST SP 800-38D) under a key that is not in the database, with the row's identity as
 * additional data, so that a moved value does not open.
 *
 * @param key 32 bytes: `identitySealing` of the key file, or IDENTITY_SEALING_KEY
 * @example const sealed = createSealedValues(key); sealed.seal(secret, `totp:${staffId}`);
 */
export function createSealedValues(key: Uint8Array): SealedValues {
  if (key.length !== 32) throw new Error('the sealing key of identity must have 32 bytes');
  const derived = new Map<string, Uint8Array<ArrayBuffer>>();
  function derive(label: string): Uint8Array<ArrayBuffer> {
    const known = derived.get(label);
    if (known) return known;
    const made = new Uint8Array(hkdfSync('sha256', key, 'caregraph/identity', label, 32));
    derived.set(label, made);
    return made;
  }
  return {
    seal: (plain, context) => seal(derive('sealing'), plain, context),
    open: (sealed, context) => open(derive('sealing'), sealed, context),
    derive,
    mac: (label, text) => new Uint8Array(createHmac('sha256', derive(label)).update(text).digest()),
  };
}

function seal(key: Uint8Array, plain: Uint8Array, context: string): Uint8Array<ArrayBuffer> {
  const iv = randomBytes(ivBytes);
  const cipher = createCipheriv('aes-256-gcm', key, iv);
  cipher.setAAD(Buffer.from(context));
  const body = Buffer.concat([cipher.update(plain), cipher.final()]);
  return new Uint8Array(Buffer.concat([Buffer.of(version), iv, cipher.getAuthTag(), body]));
}

function open(key: Uint8Array, sealed: Uint8Array, context: string): Uint8Array<ArrayBuffer> {
  if (sealed.length < 1 + ivBytes + tagBytes || sealed[0] !== version) {
    throw new Error('a sealed value of identity is damaged');
  }
  const iv = sealed.subarray(1, 1 + ivBytes);
  const tag = sealed.subarray(1 + ivBytes, 1 + ivBytes + tagBytes);
  const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: tagBytes });
  decipher.setAAD(Buffer.from(context));
  decipher.setAuthTag(tag);
  const body = sealed.subarray(1 + ivBytes + tagBytes);
  return new Uint8Array(Buffer.concat([decipher.update(body), decipher.final()]));
}
