import { createHash, randomInt } from 'node:crypto';

export const recoveryCodeCount = 10;

/** No 0/O, 1/I/L, U/V: a code is read from paper and over the phone. */
const alphabet = '23456789ABCDEFGHJKMNPQRSTWXYZ';
const groupLength = 5;
const groups = 3;

/** New recovery codes; each holds 72 bits, so a plain hash of one cannot be searched through. */
export function makeRecoveryCodes(): readonly string[] {
  return Array.from({ length: recoveryCodeCount }, () =>
    Array.from({ length: groups }, () => letters(groupLength)).join('-'),
  );
}

function letters(count: number): string {
  return Array.from({ length: count }, () => alphabet[randomInt(alphabet.length)]).join('');
}

/** What a store keeps of a code: SHA-256 bound to its account. Case and hyphens do not count. */
export function recoveryCodeHash(staffId: string, typed: string): Uint8Array<ArrayBuffer> {
  const code = typed.toUpperCase().replace(/[^A-Z0-9]/g, '');
  return new Uint8Array(createHash('sha256').update(`${staffId}:${code}`).digest());
}
