import { randomFillSync } from 'node:crypto';

export const nonceBytes = 12;
const pooledBytes = nonceBytes * 512;

/** Gives nonces of 96 random bits. */
export type NonceSource = () => Uint8Array;

/**
 * Nonces from the system's generator, which is asked for many at a time: one call costs as much as
 * sealing a short text. Each is handed out once, and is not kept.
 */
export function createNonceSource(): NonceSource {
  const pool = Buffer.allocUnsafeSlow(pooledBytes);
  let used = pooledBytes;
  return () => {
    if (used === pooledBytes) {
      randomFillSync(pool);
      used = 0;
    }
    const nonce = Uint8Array.prototype.slice.call(pool, used, used + nonceBytes);
    used += nonceBytes;
    return nonce;
  };
}
