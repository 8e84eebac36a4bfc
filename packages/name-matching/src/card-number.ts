import { asciiDigits } from './decimal-digits.ts';

/**
 * Thirty characters that stay apart when read aloud or written by hand: no 0/O, 1/I/L, U/V.
 * Thirty is also a modulus of the hybrid systems of ISO 7064 (31 is prime).
 */
export const CARD_ALPHABET = '23456789ABCDEFGHJKMNPQRSTVWXYZ';
/** Characters of a card number, the check character included. */
export const CARD_LENGTH = 12;

const MODULUS = CARD_ALPHABET.length;
const MAX_CARD_INPUT = 64;

/** Upper case and digits 0–9, without the separators that people write or speak into the number. */
const cardCharacters = (value: string): string =>
  value.length > MAX_CARD_INPUT
    ? ''
    : asciiDigits(value.normalize('NFKC'))
        .toUpperCase()
        .replace(/[\s\p{Cf}\p{Pd}.]/gu, '');

const carry = (state: number, value: number): number => {
  const sum = (state + value) % MODULUS;
  return ((sum === 0 ? MODULUS : sum) * 2) % (MODULUS + 1);
};

/**
 * The check character of a card number: ISO 7064 hybrid system, MOD 31,30. It finds every single
 * wrong character and nearly every swap of two neighbours.
 *
 * @param body the characters before the check character, separators allowed
 * @returns the character, or undefined when the body has a character outside the alphabet
 * @source ISO/IEC 7064:2003, hybrid systems MOD N+1,N
 * @example cardCheckDigit('K7M3 9QTX W2A') // 'K'
 */
export const cardCheckDigit = (body: string): string | undefined => {
  const values = [...cardCharacters(body)].map((character) => CARD_ALPHABET.indexOf(character));
  if (values.length === 0 || values.includes(-1)) return undefined;
  const state = values.reduce(carry, MODULUS);
  return CARD_ALPHABET[(MODULUS + 1 - state) % MODULUS];
};

/**
 * Whether a text is a card number: twelve characters of the alphabet with a right check character.
 *
 * @example isValidCardNumber('k7m3-9qtx-w2ak')
 */
export const isValidCardNumber = (value: string): boolean =>
  normalizeCardNumber(value) !== undefined;

/**
 * A card number as it is stored: upper case, digits 0–9, no separators.
 *
 * @param value as typed or scanned, in the digits of any script
 * @returns the number, or undefined when it is not one (length, alphabet or check character)
 */
export const normalizeCardNumber = (value: string): string | undefined => {
  const number = cardCharacters(value);
  if (number.length !== CARD_LENGTH) return undefined;
  return cardCheckDigit(number.slice(0, -1)) === number.at(-1) ? number : undefined;
};

/**
 * A card number in groups of four, to print and to read aloud.
 *
 * @example formatCardNumber('K7M39QTXW2AK') // 'K7M3-9QTX-W2AK'
 */
export const formatCardNumber = (value: string): string =>
  (cardCharacters(value).match(/.{1,4}/gu) ?? []).join('-');

/**
 * A new card number from random bytes; the card means nothing by itself.
 *
 * @param random at least 8 bytes of the caller's source of randomness
 * @throws RangeError when there are fewer than 8 bytes (a card must not be guessable)
 * @example createCardNumber(ids.randomBytes(8))
 */
export const createCardNumber = (random: Uint8Array): string => {
  if (random.length < 8) throw new RangeError('A card number needs 8 random bytes');
  let entropy = random.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  let body = '';
  while (body.length < CARD_LENGTH - 1) {
    body += CARD_ALPHABET.charAt(Number(entropy % BigInt(MODULUS)));
    entropy /= BigInt(MODULUS);
  }
  return body + (cardCheckDigit(body) ?? '');
};
