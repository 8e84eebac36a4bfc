import { phoneticKey } from './phonetic-key.ts';
import { transliterate } from './transliteration.ts';

/** Longest input looked at, in UTF-16 units: no real name is longer, a hostile one may be. */
export const MAX_NAME_LENGTH = 400;
const MAX_WORDS = 8;
const MAX_WORD_LENGTH = 40;
/** Shorter prefixes would betray a name in a blind index and find half a district. */
export const MIN_PREFIX_LENGTH = 3;

/** Forms of address that a clerk may or may not write; searching must not depend on them. */
const honorifics = new Set(['mr', 'mrs', 'ms', 'dr', 'smt', 'shri']);

/** Latin letters that do not decompose into a base letter and a mark. */
const plainLetters: Readonly<Record<string, string>> = {
  ß: 'ss', æ: 'ae', œ: 'oe', ø: 'o', ł: 'l', đ: 'd', ð: 'd', þ: 'th', ı: 'i', ŋ: 'n', ħ: 'h', ə: 'e',
  ɓ: 'b', ɗ: 'd', ƙ: 'k', ɛ: 'e', ɔ: 'o',
}; // prettier-ignore

const stripMarks = (word: string): string =>
  word
    .normalize('NFD')
    .replace(/\p{M}+/gu, '')
    .replace(/[ßæœøłđðþıŋħəɓɗƙɛɔ]/gu, (letter) => plainLetters[letter] ?? letter);

/** Cuts at a bound without leaving half of a surrogate pair behind. */
const bounded = (text: string, maxLength: number): string => {
  if (text.length <= maxLength) return text;
  const cut = text.slice(0, maxLength);
  return /[\ud800-\udbff]$/.test(cut) ? cut.slice(0, -1) : cut;
};

/**
 * Servant of: one word in Arabic with what follows, and the word that Latin writes after it
 * (عبد الرحمن, عبدالرحمن are Abdul Rahman). Abdullah stays one word.
 */
const apart = (text: string): string =>
  text
    .replace(/(?<!\p{L})عبد ?[اٱ]لل[هہ](?!\p{L})/gu, 'abdullah')
    .replace(/(?<!\p{L})عبد ?[اٱ]ل(?=\p{L})/gu, 'abdul ');

const latinWord = (word: string): string =>
  stripMarks(transliterate(word)).slice(0, MAX_WORD_LENGTH);

/**
 * Whether a word can be looked up in an index: it has a prefix, or is short for something longer (Md).
 *
 * @param word one word of `nameWords`
 * @example isIndexable('om') // false
 */
export const isIndexable = (word: string): boolean =>
  [...word].length >= MIN_PREFIX_LENGTH || [...phoneticKey(word)].length >= MIN_PREFIX_LENGTH;

/** At most eight words, in their order. Initials give way first: nobody is found by them. */
const fewest = (words: readonly string[]): readonly string[] => {
  if (words.length <= MAX_WORDS) return words;
  const places = [...words.keys()];
  const isIndexed = words.map(isIndexable);
  const first = places.filter((at) => isIndexed[at]);
  const kept = new Set([...first, ...places.filter((at) => !isIndexed[at])].slice(0, MAX_WORDS));
  return words.filter((_word, at) => kept.has(at));
};

/**
 * The words of a name, comparable across spelling, case, marks and script.
 *
 * Steps: cut to {@link MAX_NAME_LENGTH}; Unicode NFKC; lower case; apostrophes and invisible
 * characters (bidirectional marks, joiners, variation selectors) vanish; all that is neither
 * letter, mark nor digit separates; Indian scripts and Arabic become Latin; marks are stripped.
 * Scripts without a transliteration keep their letters, so that no name becomes empty.
 *
 * @param name a name as typed, any script, any length
 * @returns at most eight words of at most 40 letters, in order, without forms of address; of more
 *   than eight the first that an index can find, and then the first of the others
 * @example nameWords('Smt. Réhana  BEGUM') // ['rehana', 'begum']
 */
export const nameWords = (name: string): readonly string[] => {
  const text = bounded(bounded(name, MAX_NAME_LENGTH).normalize('NFKC'), MAX_NAME_LENGTH)
    .toLowerCase()
    .replace(/[\p{Cf}\ufe00-\ufe0f'’ʼʻ`´\u0640]/gu, '');
  const words = apart(text)
    .split(/[^\p{L}\p{M}\p{N}]+/u)
    .map(latinWord)
    .filter((word) => word !== '');
  const named = words.filter((word) => !honorifics.has(word));
  return fewest(named.length > 0 ? named : words);
};

/**
 * A name in its normal form: its words joined by single spaces.
 *
 * @example normalizeName('  JOSÉ   da Silva ') // 'jose da silva'
 */
export const normalizeName = (name: string): string => nameWords(name).join(' ');
