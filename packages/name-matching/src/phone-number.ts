import {
  isSupportedCountry,
  parsePhoneNumberFromString,
  type CountryCode,
} from 'libphonenumber-js/min';
import { asciiDigits } from './decimal-digits.ts';

const MAX_PHONE_LENGTH = 40;

/** What stands between two numbers, the surest first: a number may have the later ones within. */
const separators: readonly RegExp[] = [
  /[^\d \t()[\]+./\p{Pd}]+/u, // words, commas, ampersands, lines
  /\//,
  /\s\p{Pd}+\s|(?=\+)/u,
  /\s+/,
];

/** A text in ASCII digits without invisible marks, and the country it is dialled in. */
interface Typed {
  readonly text: string;
  readonly home: CountryCode;
}

const typed = (raw: string, country: string): Typed | undefined => {
  const home = country.toUpperCase();
  if (raw.length > MAX_PHONE_LENGTH || !isSupportedCountry(home)) return undefined;
  return { text: asciiDigits(raw.normalize('NFKC')).replace(/\p{Cf}/gu, ''), home };
};

const numberIn = ({ text, home }: Typed): string | undefined => {
  const dialled = text
    .trim()
    .replace(/^tel:\s*/i, '')
    // 00 is how most of the world dials abroad; the plan of the home country may not say so.
    .replace(/^00(?=[1-9])/, '+');
  const parsed = parsePhoneNumberFromString(dialled, { defaultCountry: home, extract: false });
  return parsed?.isPossible() === true ? parsed.number : undefined;
};

const firstNumberIn = ({ text, home }: Typed, between = separators): string | undefined => {
  const whole = numberIn({ text, home });
  const [separator, ...finer] = between;
  if (whole !== undefined || separator === undefined) return whole;
  for (const part of text.split(separator)) {
    const found = firstNumberIn({ text: part, home }, finer);
    if (found !== undefined) return found;
  }
  return undefined;
};

/**
 * A phone number in E.164 form, so that one number has one spelling for searching and dialling. An
 * extension is left out: a switchboard has one number.
 *
 * @param raw the number as typed: digits of any script, spaces, brackets, +, 00, tel:, an extension
 * @param country ISO 3166-1 alpha-2 code that a number without country code belongs to
 * @returns E.164 such as +919876543210, or undefined when the text cannot be a phone number
 * @source ITU-T E.164; RFC 3966 (tel:); numbering plans of libphonenumber
 * @example normalizePhone('098765 43210', 'IN') // '+919876543210'
 */
export const normalizePhone = (raw: string, country: string): string | undefined => {
  const text = typed(raw, country);
  return text && numberIn(text);
};

/**
 * The phone number of a record, whose field may hold more than one or a remark: the text as a whole
 * where that is a number, else the first number in it.
 *
 * @param raw the field as typed
 * @param country as for {@link normalizePhone}
 * @returns E.164, or undefined when no part of the text is a phone number
 * @example firstPhone('98765 10003 / 98765 10004', 'IN') // '+919876510003'
 */
export const firstPhone = (raw: string, country: string): string | undefined => {
  const text = typed(raw, country);
  return text && firstNumberIn(text);
};
