import { normalizeCardNumber } from './card-number.ts';
import { asciiDigits } from './decimal-digits.ts';

const MAX_IDENTIFIER_INPUT = 128;
const MAX_IDENTIFIER_LENGTH = 64;

/** Verhoeff's tables: multiplication in the dihedral group D5, and the permutation by position. */
const multiply = ['0123456789', '1234067895', '2340178956', '3401289567', '4012395678',
  '5987604321', '6598710432', '7659821043', '8765932104', '9876543210']; // prettier-ignore
const permute = ['0123456789', '1576283094', '5803796142', '8916043527', '9453126870', '4286573901',
  '2793806415', '7046913258']; // prettier-ignore

const passesVerhoeff = (digits: string): boolean => {
  let state = 0;
  [...digits].reverse().forEach((digit, position) => {
    const moved = permute[position % 8]?.charAt(Number(digit)) ?? '0';
    state = Number(multiply[state]?.charAt(Number(moved)) ?? '0');
  });
  return state === 0;
};

const lettersAndDigits = (value: string): string =>
  value
    .normalize('NFKC')
    .toUpperCase()
    .replace(/[^\p{L}\p{N}]+/gu, '');

/**
 * An identifier in the one spelling it is compared and indexed by.
 *
 * Known types are checked: `CARD` (see `isValidCardNumber`), `ABHA` (14 digits), `AADHAAR`
 * (12 digits, Verhoeff check digit, does not start with 0 or 1). Every other type keeps its letters
 * and digits in upper case, so that `mrn 00-12/a` and `MRN0012A` are one.
 *
 * @param type the kind of identifier, in any case
 * @param value as typed or scanned
 * @returns the normal form, or undefined when the value cannot be of that type
 * @source Verhoeff 1969 (check digit); ABDM (14-digit ABHA number)
 * @example normalizeIdentifier('MRN', ' mrn-0012/a ') // 'MRN0012A'
 */
export const normalizeIdentifier = (type: string, value: string): string | undefined => {
  if (value.length > MAX_IDENTIFIER_INPUT) return undefined;
  const normal = asciiDigits(lettersAndDigits(value));
  switch (type.toUpperCase()) {
    case 'CARD':
      return normalizeCardNumber(value);
    case 'ABHA':
      return /^\d{14}$/.test(normal) ? normal : undefined;
    case 'AADHAAR':
      return /^[2-9]\d{11}$/.test(normal) && passesVerhoeff(normal) ? normal : undefined;
    default:
      return normal === '' || normal.length > MAX_IDENTIFIER_LENGTH ? undefined : normal;
  }
};

/**
 * The spellings to look an identifier up by: its normal form, and the digits as they are written.
 * Rows of before all scripts were read as 0–9 are indexed by the latter, until their index key is
 * rotated; without it one of them would be registered a second time.
 *
 * @returns the normal form first; empty when the value cannot be of that type
 * @example identifierSpellings('MRN', 'mrn ૧૨') // ['MRN12', 'MRN૧૨']
 */
export const identifierSpellings = (type: string, value: string): readonly string[] => {
  const normal = normalizeIdentifier(type, value);
  return normal === undefined ? [] : [...new Set([normal, lettersAndDigits(value)])];
};
