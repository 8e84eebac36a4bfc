import {
  createCipheriv,
  createDecipheriv,
  randomBytes,
  scrypt,
  type BinaryLike,
  type ScryptOptions,
} from 'node:crypto';
import { promisify } from 'node:util';
import { z } from 'zod';

/**
 * What the key file says of the passphrase: how the sealing key is made of it.
 *
 * Threat: whoever can write the file names parameters that take all memory, or so few that a stolen
 * copy is guessed quickly. Defence: bounds on both sides. 128 MiB and one pass is the first scrypt
 * configuration of the OWASP Password Storage Cheat Sheet.
 */
export const passphraseHeader = z.strictObject({
  kdf: z.literal('scrypt'),
  cost: z.literal([2 ** 17, 2 ** 18]),
  blockSize: z.literal(8),
  parallelism: z.literal(1),
  salt: z.base64().length(24),
});

export type PassphraseHeader = z.infer<typeof passphraseHeader>;

/** Opens and seals with a key made of the passphrase, once, because making it takes a while. */
export interface PassphraseSeal {
  readonly header: PassphraseHeader;
  seal(plain: string): string;
  /** @returns undefined when the passphrase is wrong or the bytes are damaged */
  open(sealed: string): string | undefined;
  wipe(): void;
}

const nonceBytes = 12;
const tagBytes = 16;
const derive = promisify<BinaryLike, BinaryLike, number, ScryptOptions, Buffer>(scrypt);

export function newPassphraseHeader(): PassphraseHeader {
  const salt = randomBytes(16).toString('base64');
  return { kdf: 'scrypt', cost: 2 ** 17, blockSize: 8, parallelism: 1, salt };
}

/**
 * @param header of the file, checked
 * @param format the format of the file; a seal of another one does not open
 */
export async function createPassphraseSeal(
  passphrase: string,
  header: PassphraseHeader,
  format: string,
): Promise<PassphraseSeal> {
  const { cost, blockSize, parallelism, salt } = header;
  const key = await derive(passphrase.normalize('NFKC'), Buffer.from(salt, 'base64'), 32, {
    cost,
    blockSize,
    parallelization: parallelism,
    maxmem: 256 * cost * blockSize,
  });
  const associated = Buffer.from(
    JSON.stringify([format, 'scrypt', cost, blockSize, parallelism, salt]),
  );
  return {
    header,
    seal(plain) {
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(associated);
      const text = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
      return Buffer.concat([nonce, text, cipher.getAuthTag()]).toString('base64');
    },
    open(sealed) {
      const bytes = Buffer.from(sealed, 'base64');
      if (bytes.length < nonceBytes + tagBytes) return undefined;
      const nonce = bytes.subarray(0, nonceBytes);
      const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes });
      decipher.setAAD(associated).setAuthTag(bytes.subarray(-tagBytes));
      const text = decipher.update(bytes.subarray(nonceBytes, -tagBytes), undefined, 'utf8');
      try {
        return text + decipher.final('utf8');
      } catch {
        return undefined; // GCM has one answer to both a wrong key and damaged bytes
      }
    },
    wipe: () => void key.fill(0),
  };
}
