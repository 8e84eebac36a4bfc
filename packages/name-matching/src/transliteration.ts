/**
 * Indian and Arabic scripts to Latin, as people of the field would type a name. It serves
 * searching, never display: two spellings of one name should meet, so vowel length, aspiration and
 * emphatic consonants are flattened and nothing has to be reversible.
 */
import { arabicWord } from './arabic-script.ts';
import { indicWord } from './indic-script.ts';

const isArabic = (word: string): boolean => /[\u0600-\u06ff\u0750-\u077f]/u.test(word);

/**
 * A word in Latin letters when its script is Arabic or one of India's; any other word as it is.
 *
 * @param word one word, Unicode NFC, without spaces
 * @returns lower-case Latin letters, or the word unchanged
 * @example transliterate('रेहाना') // 'rehana'
 */
export const transliterate = (word: string): string =>
  indicWord(word) ?? (isArabic(word) ? arabicWord(word) : word);
