import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

const stepS = 30;
const digits = 6;
const driftSteps = 1;
/** As long as the HMAC's output, as RFC 4226 §4 recommends. */
const secretBytes = 20;

/** A new secret for an authenticator app. */
export function makeTotpSecret(): Uint8Array {
  return new Uint8Array(randomBytes(secretBytes));
}

/** The code of a time step (RFC 6238 over RFC 4226: SHA-1, 30 s, 6 digits, as apps have it). */
export function totpCode(secret: Uint8Array, step: number): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac('sha1', secret).update(counter).digest();
  const offset = mac.readUInt8(mac.length - 1) & 0x0f;
  const number = mac.readUInt32BE(offset) & 0x7fff_ffff;
  return String(number % 10 ** digits).padStart(digits, '0');
}

/** The step that an instant lies in. */
export function totpStep(now: Date): number {
  return Math.floor(now.getTime() / 1_000 / stepS);
}

/**
 * Finds the step that a typed code belongs to, one step of drift to either side.
 *
 * Threat: a code read over the shoulder is used again within its half minute. Defence: the caller
 * stores the step it gets and offers it as `lastStep`, and no step at or before it is accepted.
 *
 * @returns the step, or undefined when the code is of none
 */
export function findTotpStep(
  secret: Uint8Array,
  typed: string,
  now: Date,
  lastStep: number,
): number | undefined {
  const code = digitsOf(typed);
  if (code.length !== digits) return undefined;
  const current = totpStep(now);
  let found: number | undefined;
  for (let step = current - driftSteps; step <= current + driftSteps; step += 1) {
    const isEqual = timingSafeEqual(Buffer.from(totpCode(secret, step)), Buffer.from(code));
    if (isEqual && step > lastStep) found ??= step;
  }
  return found;
}

/** Spaces are how people read codes, and phones in Hindi or Arabic type digits of their own. */
function digitsOf(typed: string): string {
  const plain = [...typed].map((letter) => latinDigit(letter)).join('');
  const code = plain.replace(/[\s-]/g, '');
  return /^\d+$/.test(code) ? code : '';
}

function latinDigit(letter: string): string {
  const point = letter.codePointAt(0) ?? 0;
  const zero = [0x0660, 0x06f0, 0x0966].find((start) => point >= start && point <= start + 9);
  return zero === undefined ? letter : String(point - zero);
}

const base32Alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** Base32 without padding (RFC 4648 §6): how authenticator apps take a secret. */
export function base32(bytes: Uint8Array): string {
  let text = '';
  let bits = 0;
  let value = 0;
  for (const byte of bytes) {
    value = (value << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += base32Alphabet[(value >>> bits) & 31];
      value &= (1 << bits) - 1;
    }
  }
  return bits > 0 ? text + base32Alphabet[(value << (5 - bits)) & 31] : text;
}

/** The address that an enrolment QR holds (Key URI format of Google Authenticator). */
export function otpauthUri(secret: Uint8Array, userName: string, issuer: string): string {
  const label = `${encodeURIComponent(issuer)}:${encodeURIComponent(userName)}`;
  return `otpauth://totp/${label}?secret=${base32(secret)}&issuer=${encodeURIComponent(issuer)}`;
}
