import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';

/** Seals what is put aside on disk. */
export interface SealedText {
  seal(text: string): Uint8Array;
  open(sealed: Uint8Array): string;
}

/**
 * Threat: records put aside on disk outlive a process that was killed, and are read by the next
 * user of the machine. Defence: they are sealed under a key that exists in this process only.
 */
export function createSealedText(): SealedText {
  const key = randomBytes(32);
  const nonce = Buffer.alloc(12);
  let count = 0;
  return {
    seal(text) {
      // One key, one process: a counter never repeats a nonce.
      count += 1;
      nonce.writeUIntBE(count, 6, 6);
      const cipher = createCipheriv('aes-256-gcm', key, nonce);
      return Buffer.concat([
        nonce,
        cipher.update(text, 'utf8'),
        cipher.final(),
        cipher.getAuthTag(),
      ]);
    },
    open(sealed) {
      const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12));
      decipher.setAuthTag(bytes.subarray(-16));
      return decipher.update(bytes.subarray(12, -16), undefined, 'utf8') + decipher.final('utf8');
    },
  };
}

/** Stands for a name on disk, which is looked up and never read. */
export type NameHash = (text: string) => Buffer;

/**
 * Threat: names hold a person's identifiers, and whoever finds the file hashes every number there
 * is. Defence: the hash is keyed, and the key exists in this process only.
 */
export function createNameHash(): NameHash {
  const key = randomBytes(32);
  return (text) => createHmac('sha256', key).update(text).digest().subarray(0, 16);
}
