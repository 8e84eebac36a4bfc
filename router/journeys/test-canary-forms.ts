import { createHash } from 'node:crypto';
import {
  nameWords,
  normalizeIdentifier,
  normalizeName,
  normalizePhone,
  phoneticKey,
} from '@caregraph/name-matching';
import type { Needle } from './test-canary-finder.ts';

/** A text in the encodings that a file, a log or a column may hold it in. */
export function spellingsOf(text: string): Needle[] {
  const utf8 = Buffer.from(text);
  const wide = Buffer.from(text, 'utf16le');
  const units = Array.from({ length: text.length }, (_, at) => text.charCodeAt(at).toString(16));
  const named: [string, string | Buffer][] = [
    ['UTF-8', utf8],
    ['UTF-16 LE', wide],
    ['UTF-16 BE', Buffer.from(wide).swap16()],
    ['hex', utf8.toString('hex')],
    ['HEX', utf8.toString('hex').toUpperCase()],
    ['JSON escapes', units.map((unit) => `\\u${unit.padStart(4, '0')}`).join('')],
    ['percent', [...utf8].map((byte) => `%${hexOf(byte).toUpperCase()}`).join('')],
    ...([0, 1, 2] as const).flatMap((shift) => {
      const base64 = base64At(utf8, shift);
      const names: [string, string][] = [['base64', base64]];
      const forUrls = urlSafe(base64);
      if (forUrls !== base64) names.push(['base64url', forUrls]);
      return names;
    }),
  ];
  if (text !== encodeURIComponent(text)) named.push(['URL', encodeURIComponent(text)]);
  const isNumber = /^\d+$/.test(text);
  return named.map(([form, spelt]) => ({
    ...{ form: `${form} of ${text}`, bytes: Buffer.from(spelt) },
    isNumber: isNumber && form === 'UTF-8',
  }));
}

const hexOf = (byte: number) => byte.toString(16).padStart(2, '0');
const urlSafe = (base64: string) => base64.replaceAll('+', '-').replaceAll('/', '_');

/** What base64 makes of a text that begins so many bytes after a multiple of three. */
function base64At(text: Buffer, shift: 0 | 1 | 2): string {
  const whole = Buffer.concat([Buffer.alloc(shift), text]);
  const first = Math.ceil((shift * 8) / 6);
  const end = Math.floor((whole.length * 8) / 6);
  return whole.toString('base64').slice(first, end);
}

/** How the words of a name are compared: in Latin letters, and by their sound. */
export function soundsOf(name: string): readonly string[] {
  const words = nameWords(name);
  // A short key may stand in any text; the words of a canary have none.
  return [...new Set([...words, ...words.map(phoneticKey)])].filter((key) => key.length >= 8);
}

/** Every spelling in which a text is compared, indexed or dialled. */
function normalFormsOf(text: string): readonly string[] {
  const forms = [
    ...[text, text.trim(), text.toLowerCase(), text.toUpperCase(), text.replace(/\D/g, '')],
    ...[normalizePhone(text, 'IN'), normalizeIdentifier('OTHER', text), normalizeName(text)],
    ...nameWords(text),
    ...nameWords(text).map(phoneticKey),
  ];
  return [...new Set(forms.filter((form) => form !== undefined && form.length >= 4))] as string[];
}

/**
 * Threat: a hash without a key looks like noise, and gives a number back to whoever tries all
 * numbers. These are SHA-256 of a text in all its forms, as they are kept: bytes, hexadecimal or
 * base64, whole or cut short, and as a UUID, which overwrites bits of version and variant, and in
 * version 7 the first six bytes.
 */
export function digestsOf(text: string): Needle[] {
  return normalFormsOf(text).flatMap((normal) => shapesOf(normal));
}

/** The shapes of one SHA-256. */
export function shapesOf(hashed: string): Needle[] {
  const digest = createHash('sha256').update(hashed).digest();
  const [front, back] = [digest.subarray(0, 8), digest.subarray(9, 16)];
  const hex = (bytes: Buffer) => bytes.toString('hex');
  const base64 = digest.subarray(0, 9).toString('base64');
  const named: [string, string | Buffer][] = [
    ['first bytes', front],
    ['last bytes of a UUID', back],
    ['hex', hex(front)],
    ['HEX', hex(front).toUpperCase()],
    ['UUID', `${hexOf(back[0] ?? 0)}-${hex(back.subarray(1))}`],
    ['UUID without hyphens', hex(back)],
    ['base64', base64],
    ['base64url', urlSafe(base64)],
  ];
  return named.map(([shape, bytes]) => ({
    form: `SHA-256 (${shape}) of ${hashed}`,
    bytes: Buffer.from(bytes),
  }));
}
