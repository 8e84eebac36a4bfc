/** First code points of the digit rows that NFKC leaves alone and that people of the field type. */
const digitRows: readonly number[] = [0x0660, 0x06f0, 0x0966, 0x09e6, 0x0be6, 0x1040];

/**
 * Digits of Arabic, Persian, Devanagari, Bengali, Tamil and Burmese writing as 0–9.
 *
 * @example asciiDigits('९८') // '98'
 */
export const asciiDigits = (text: string): string =>
  text.replace(
    /[\u0660-\u0669\u06f0-\u06f9\u0966-\u096f\u09e6-\u09ef\u0be6-\u0bef\u1040-\u1049]/g,
    (digit) => {
      const code = digit.charCodeAt(0);
      const row = digitRows.find((start) => code >= start && code <= start + 9);
      return row === undefined ? digit : String(code - row);
    },
  );
