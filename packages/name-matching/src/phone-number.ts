import { isSupportedCountry, parsePhoneNumberFromString } from 'libphonenumber-js/min';
import { asciiDigits } from './decimal-digits.ts';

const MAX_PHONE_LENGTH = 40;

/**
 * A phone number in E.164 form, so that one number has one spelling for searching and dialling.
 *
 * @param raw the number as typed: any digits of the field's scripts, spaces, brackets, +, 00
 * @param country ISO 3166-1 alpha-2 code that a number without country code belongs to
 * @returns E.164 such as +919876543210, or undefined when the text cannot be a phone number
 * @source ITU-T E.164; numbering plans of libphonenumber
 * @example normalizePhone('098765 43210', 'IN') // '+919876543210'
 */
export const normalizePhone = (raw: string, country: string): string | undefined => {
  if (raw.length > MAX_PHONE_LENGTH) return undefined;
  const home = country.toUpperCase();
  if (!isSupportedCountry(home)) return undefined;
  const dialled = asciiDigits(raw.normalize('NFKC'))
    .replace(/\p{Cf}/gu, '')
    .trim()
    // 00 is how most of the world dials abroad; the plan of the home country may not say so.
    .replace(/^00(?=[1-9])/, '+');
  const parsed = parsePhoneNumberFromString(dialled, { defaultCountry: home, extract: false });
  return parsed?.isPossible() === true ? parsed.number : undefined;
};
