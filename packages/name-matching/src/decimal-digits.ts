const decimal = /\p{Nd}/u;

/** How far a digit is from the zero of its row. Rows without a gap between them are of ten each. */
const valueOf = (digit: string): string => {
  const code = digit.codePointAt(0) ?? 0;
  let zero = code;
  while (decimal.test(String.fromCodePoint(zero - 1))) zero -= 1;
  return String((code - zero) % 10);
};

/**
 * Decimal digits of every script as 0–9.
 *
 * @source The Unicode Standard, section 4.6: decimal digits stand in rows from zero to nine, and no
 *   later version may add them otherwise
 * @example asciiDigits('९८') // '98'
 */
export const asciiDigits = (text: string): string => text.replace(/(?![0-9])\p{Nd}/gu, valueOf);
