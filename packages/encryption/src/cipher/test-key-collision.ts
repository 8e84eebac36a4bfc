import { createCipheriv } from 'node:crypto';

/** An AES-256-GCM key and the associated data that it is used with. */
export interface GcmSide {
  readonly key: Uint8Array;
  readonly associated: Uint8Array;
}

/** x^128 + x^7 + x^2 + x + 1, as NIST SP 800-38D writes it: the first bit is the coefficient of 1. */
const reduction = 0xe1n << 120n;
const one = 1n << 127n;

/** Multiplication in GF(2^128), algorithm 1 of SP 800-38D. */
function multiply(x: bigint, y: bigint): bigint {
  let [product, factor] = [0n, y];
  for (let bit = 127n; bit >= 0n; bit -= 1n) {
    if (((x >> bit) & 1n) === 1n) product ^= factor;
    factor = (factor & 1n) === 1n ? (factor >> 1n) ^ reduction : factor >> 1n;
  }
  return product;
}

/** The inverse, by Fermat: x to the power of 2^128 - 2. */
function inverse(x: bigint): bigint {
  let [result, square] = [one, x];
  for (let bit = 1; bit < 128; bit += 1) {
    square = multiply(square, square);
    result = multiply(result, square);
  }
  return result;
}

const numberOf = (block: Uint8Array) => BigInt(`0x${Buffer.from(block).toString('hex')}`);
const blockOf = (value: bigint) => Buffer.from(value.toString(16).padStart(32, '0'), 'hex');

function encryptBlock(key: Uint8Array, block: Uint8Array): bigint {
  const cipher = createCipheriv('aes-256-ecb', key, null);
  cipher.setAutoPadding(false);
  return numberOf(cipher.update(block));
}

function paddedBlocks(bytes: Uint8Array): bigint[] {
  const blocks: bigint[] = [];
  for (let at = 0; at < bytes.length; at += 16) {
    const block = Buffer.alloc(16);
    block.set(bytes.subarray(at, at + 16));
    blocks.push(numberOf(block));
  }
  return blocks;
}

/** What one side adds to the tag, and by what it multiplies the block that is still open. */
function partsOf({ key, associated }: GcmSide, nonce: Uint8Array, free: bigint) {
  const h = encryptBlock(key, Buffer.alloc(16));
  const counter = encryptBlock(key, Buffer.concat([nonce, Buffer.of(0, 0, 0, 1)]));
  const lengths = (BigInt(associated.length * 8) << 64n) | 256n;
  // GHASH by Horner: the open block is multiplied by h twice, for itself and for the lengths.
  const hashed = [...paddedBlocks(associated), free, 0n, lengths].reduce(
    (sum, block) => multiply(sum ^ block, h),
    0n,
  );
  return { fixed: hashed ^ counter, factor: multiply(h, h) };
}

/**
 * Makes a ciphertext of two blocks whose tag is right under two keys, to different texts.
 *
 * The tag is linear in the second block c: tag = fixed + c·h². Two keys have one tag where
 * c = (fixed₁ + fixed₂) / (h₁² + h₂²).
 *
 * @source Dodis, Grubbs, Ristenpart and Woodage, "Fast Message Franking", CRYPTO 2018
 * @returns ciphertext ‖ tag, 48 bytes
 */
export function sameTagUnderBoth(nonce: Uint8Array, sides: readonly [GcmSide, GcmSide]): Buffer {
  const free = numberOf(Buffer.from('any sixteen byte'));
  const [first, second] = [partsOf(sides[0], nonce, free), partsOf(sides[1], nonce, free)];
  const open = multiply(first.fixed ^ second.fixed, inverse(first.factor ^ second.factor));
  const tag = first.fixed ^ multiply(open, first.factor);
  return Buffer.concat([blockOf(free), blockOf(open), blockOf(tag)]);
}
