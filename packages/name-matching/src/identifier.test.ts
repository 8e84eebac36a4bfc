import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  CARD_ALPHABET,
  cardCheckDigit,
  createCardNumber,
  formatCardNumber,
  isValidCardNumber,
  normalizeCardNumber,
} from './card-number.ts';
import { asciiDigits } from './decimal-digits.ts';
import { identifierSpellings, normalizeIdentifier } from './identifier.ts';
import { firstPhone, normalizePhone } from './phone-number.ts';

describe('digits', () => {
  const written = Intl.supportedValuesOf('numberingSystem').flatMap((system) => {
    const format = new Intl.NumberFormat(`en-u-nu-${system}`, { useGrouping: false });
    const digits = [...'0123456789'].map((digit) => format.format(Number(digit)));
    return digits.every((digit) => /^\p{Nd}$/u.test(digit)) ? [[system, digits.join('')]] : [];
  });

  it.each(written)('of %s are read: %s', (_system, digits) => {
    expect(asciiDigits(digits)).toBe('0123456789');
  });

  it('of scripts of the field are among them, and stand in whole rows', () => {
    const systems = written.map(([system]) => system);
    const ofField = ['arab', 'beng', 'deva', 'gujr', 'guru', 'knda', 'mlym', 'orya', 'telu'];
    expect(systems).toEqual(expect.arrayContaining(ofField));
    const all = Array.from({ length: 0x110000 }, (_, code) => code).filter((code) =>
      /\p{Nd}/u.test(String.fromCodePoint(code)),
    );
    const known = new Set(all);
    for (const code of all.filter((one) => !known.has(one - 1))) {
      let length = 0;
      while (known.has(code + length)) length += 1;
      expect(length % 10, code.toString(16)).toBe(0);
    }
  });

  it('leaves all else as it is', () => expect(asciiDigits('a٣ ½²Ⅳ\ud800')).toBe('a3 ½²Ⅳ\ud800'));
});

describe('phones', () => {
  it.each([
    ['098765 43210', 'IN', '+919876543210'],
    ['९८७६५४३२१०', 'IN', '+919876543210'],
    ['+91 (98765) 43210', 'KE', '+919876543210'],
    ['0091 98765-43210', 'KE', '+919876543210'],
    ['٠١٠٠ ١٢٣ ٤٥٦٧', 'EG', '+201001234567'],
    ['\u202a0712 345678\u202c', 'ke', '+254712345678'],
    ['૯૮૭૬૫ ૪૩૨૧૦', 'IN', '+919876543210'],
    ['tel:+91 98765 10005', 'KE', '+919876510005'],
    ['TEL: 098765 10005', 'IN', '+919876510005'],
    ['tel:9876510005;phone-context=+91', 'KE', '+919876510005'],
    ['9876543210 ext 12', 'IN', '+919876543210'],
    ['+91 98765 43210;ext=3', 'IN', '+919876543210'],
    ['09876543210 x3', 'IN', '+919876543210'],
    ['98765 10003 / 98765 10004', 'IN', undefined],
    ['12', 'IN', undefined],
    ['call me', 'IN', undefined],
    ['my number is 9876543210', 'IN', undefined],
    ['9876543210', 'XX', undefined],
    ['', 'IN', undefined],
  ])('%s', (raw, country, expected) => expect(normalizePhone(raw, country)).toBe(expected));

  it.each([
    ['98765 10003 / 98765 10004', '+919876510003'],
    ['98765-10003/98765-10004', '+919876510003'],
    ['98765 10003, 98765 10004', '+919876510003'],
    ['98765 10003;98765 10004', '+919876510003'],
    ['98765 10003 or 98765 10004', '+919876510003'],
    ['98765 10003 & 98765 10004', '+919876510003'],
    ['98765 10003 – 98765 10004', '+919876510003'],
    ['98765 10003\n98765 10004', '+919876510003'],
    ['9876510003 9876510004', '+919876510003'],
    ['+91 98765 10003 +91 98765 10004', '+919876510003'],
    ['९८७६५ १०००३ / ९८७६५ १०००४', '+919876510003'],
    ['98765 10003 ext 12 / 98765 10004', '+919876510003'],
    ['tel:98765 10003, tel:98765 10004', '+919876510003'],
    ['12, 98765 10004', '+919876510004'],
    ['98765 10003 (husband)', '+919876510003'],
    ['Sunita 98765 10003', '+919876510003'],
    // A slash within one number.
    ['080/23456789', '+918023456789'],
    ['none', undefined],
    ['12 / 13', undefined],
    ['', undefined],
  ])('of a record, the first: %s', (raw, expected) => {
    expect(firstPhone(raw, 'IN')).toBe(expected);
  });

  it('of a record and of a search are one wherever the text is one number', () => {
    const before = fc.constantFrom('', '0', '+91 ', '0091-', '0', 'tel:', 'tel:+91');
    const after = fc.constantFrom('', ' ext 12', 'x3', ';ext=4', ', 5', ' #6', ' ');
    fc.assert(
      fc.property(before, fc.stringMatching(/^[6-9]\d{9}$/), after, (start, digits, end) => {
        for (const raw of [
          start + digits + end,
          `${start}${digits.slice(0, 5)} ${digits.slice(5)}`,
        ]) {
          expect(normalizePhone(raw, 'IN')).toBe(`+91${digits}`);
          expect(firstPhone(raw, 'IN')).toBe(`+91${digits}`);
        }
      }),
    );
  });

  it('refuses endless input', () => {
    expect(firstPhone('9 '.repeat(500_000), 'IN')).toBeUndefined();
    expect(normalizePhone('9'.repeat(1_000_000), 'IN')).toBeUndefined();
    expect(normalizeIdentifier('MRN', 'x'.repeat(1_000_000))).toBeUndefined();
  });

  it('leaves its own results as they are', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[6-9]\d{9}$/), (digits) => {
        const phone = normalizePhone(digits, 'IN');
        expect(phone).toBe(`+91${digits}`);
        expect(normalizePhone(phone ?? '', 'KE')).toBe(phone);
      }),
    );
  });
});

describe('card numbers', () => {
  const bytes = fc.uint8Array({ minLength: 8, maxLength: 8 });
  const position = fc.nat({ max: 11 });

  it('are valid when made, in any writing', () => {
    fc.assert(
      fc.property(bytes, (random) => {
        const card = createCardNumber(random);
        const written = formatCardNumber(card);
        expect(written).toMatch(/^[2-9A-Z]{4}-[2-9A-Z]{4}-[2-9A-Z]{4}$/);
        expect(written).not.toMatch(/[01ILOU]/);
        expect(normalizeCardNumber(` ${written.toLowerCase()} `)).toBe(card);
        expect(normalizeCardNumber(written.replaceAll('-', '–'))).toBe(card);
        for (const zero of [0x966, 0xae6, 0xff10]) {
          const native = written.replace(/\d/g, (digit) => String.fromCharCode(zero + +digit));
          expect(normalizeCardNumber(native)).toBe(card);
        }
      }),
    );
  });

  it('never survive one wrong character', () => {
    fc.assert(
      fc.property(bytes, position, fc.constantFrom(...CARD_ALPHABET), (random, at, other) => {
        const card = createCardNumber(random);
        fc.pre(card[at] !== other);
        expect(isValidCardNumber(card.slice(0, at) + other + card.slice(at + 1))).toBe(false);
      }),
    );
  });

  it('find nearly all swaps of neighbours', () => {
    let swaps = 0;
    let missed = 0;
    for (const first of CARD_ALPHABET) {
      for (const second of CARD_ALPHABET) {
        if (first === second) continue;
        const rest = 'M39QTXW2A';
        const check = cardCheckDigit(first + second + rest) ?? '';
        swaps += 1;
        if (isValidCardNumber(second + first + rest + check)) missed += 1;
      }
    }
    expect(missed / swaps).toBeLessThan(0.01);
  });

  it('refuse what is not one', () => {
    expect(cardCheckDigit('K7M3 9QTX W2A')).toBe('K');
    for (const wrong of ['', '0'.repeat(12), 'K7M3', '2'.repeat(1_000_000), '💳'.repeat(12)]) {
      expect(isValidCardNumber(wrong)).toBe(false);
    }
    expect(cardCheckDigit('O0')).toBeUndefined();
    expect(() => createCardNumber(new Uint8Array(7))).toThrow(RangeError);
  });
});

describe('identifiers', () => {
  it.each([
    ['MRN', ' mrn-0012/a ', 'MRN0012A'],
    ['mrn', 'ＭＲＮ００１２Ａ', 'MRN0012A'],
    ['MRN', '—', undefined],
    ['ABHA', '91-1234-5678-9012', '91123456789012'],
    ['ABHA', '91-1234-5678-901', undefined],
    ['AADHAAR', '9999 4105 7058', '999941057058'],
    ['AADHAAR', '९९९९ ४१०५ ७०५८', '999941057058'],
    ['AADHAAR', '9999 4105 7085', undefined],
    ['AADHAAR', '0999 4105 7058', undefined],
    ['MRN', 'mrn ૦૦૧૨/a', 'MRN0012A'],
    ['AADHAAR', '౯౯౯౯ ౪౧౦౫ ౭౦౫౮', '999941057058'],
    ['CARD', 'EWGTGB८M८FCT', 'EWGTGB8M8FCT'],
    ['CARD', 'not a card', undefined],
  ])('%s %s', (type, value, expected) => expect(normalizeIdentifier(type, value)).toBe(expected));

  it.each([
    ['MRN', 'mrn-0012', ['MRN0012']],
    // As rows of before are indexed, whose index key was not rotated since.
    ['MRN', 'mrn ૦૦૧૨', ['MRN0012', 'MRN૦૦૧૨']],
    ['CARD', 'not a card', []],
  ])('%s %s is looked up by', (type, value, expected) => {
    expect(identifierSpellings(type, value)).toEqual(expected);
  });
});
