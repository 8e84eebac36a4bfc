import { describe, expect, test } from 'vitest';
import { base32, findTotpStep, otpauthUri, totpCode, totpStep } from './totp.ts';

/** The shared secret of the vectors in RFC 4226 appendix D and RFC 6238 appendix B. */
const secret = new TextEncoder().encode('12345678901234567890');

test.each([
  [0, '755224'],
  [1, '287082'],
  [2, '359152'],
  [3, '969429'],
  [4, '338314'],
  [5, '254676'],
  [6, '287922'],
  [7, '162583'],
  [8, '399871'],
  [9, '520489'],
])('RFC 4226: counter %i gives %s', (counter, code) => {
  expect(totpCode(secret, counter)).toBe(code);
});

/** The RFC prints eight digits; the last six are those of a six-digit code. */
test.each([
  [59, '94287082'],
  [1_111_111_109, '07081804'],
  [1_111_111_111, '14050471'],
  [1_234_567_890, '89005924'],
  [2_000_000_000, '69279037'],
  [20_000_000_000, '65353130'],
])('RFC 6238: %i s gives %s', (seconds, code) => {
  expect(totpCode(secret, totpStep(new Date(seconds * 1_000)))).toBe(code.slice(-6));
});

describe('a typed code', () => {
  const now = new Date(1_111_111_111_000);
  const step = totpStep(now);

  test('may be one step early or late, and no more', () => {
    const found = [-2, -1, 0, 1, 2].map((by) =>
      findTotpStep(secret, totpCode(secret, step + by), now, 0),
    );
    expect(found).toEqual([undefined, step - 1, step, step + 1, undefined]);
  });

  test('is not accepted for a step that was used, nor for one before it', () => {
    expect(findTotpStep(secret, totpCode(secret, step), now, step)).toBeUndefined();
    expect(findTotpStep(secret, totpCode(secret, step - 1), now, step)).toBeUndefined();
  });

  test.each(['٠٥٠٤٧١', '०५०४७१', '050 471', ' 050471 '])('may be typed as %s', (typed) => {
    expect(findTotpStep(secret, typed, now, 0)).toBe(step);
  });

  test.each(['', '05047', '0504711', '05047a', '５０５０４７', '+50471'])('%s is none', (typed) => {
    expect(findTotpStep(secret, typed, now, 0)).toBeUndefined();
  });
});

test.each([
  ['', ''],
  ['f', 'MY'],
  ['foob', 'MZXW6YQ'],
  ['foobar', 'MZXW6YTBOI'],
])('RFC 4648: %s in base32', (text, expected) => {
  expect(base32(new TextEncoder().encode(text))).toBe(expected);
});

test('the address in the QR holds what apps ask for', () => {
  const uri = new URL(otpauthUri(secret, 'asha.verma', 'CareGraph'));
  expect(uri.href).toContain('otpauth://totp/CareGraph:asha.verma?');
  expect(uri.searchParams.get('secret')).toBe('GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ');
});
