import { isIndexable, MIN_PREFIX_LENGTH, nameWords } from './name-words.ts';
import { phoneticKey } from './phonetic-key.ts';
import { bestAssignment } from './word-assignment.ts';

/** What a name is found by; a server keeps keyed hashes of these, a device keeps them as they are. */
export interface NameTokens {
  /** Prefixes of 3 to 10 letters of every word, in normal form, without doubles. */
  readonly prefixes: readonly string[];
  /** Phonetic keys of every word, without doubles. */
  readonly phonetic: readonly string[];
}

const MAX_PREFIX_LENGTH = 10;

const prefixesOf = (word: string): readonly string[] => {
  const letters = [...word];
  const longest = Math.min(letters.length, MAX_PREFIX_LENGTH);
  const prefixes: string[] = [];
  for (let length = MIN_PREFIX_LENGTH; length <= longest; length += 1) {
    prefixes.push(letters.slice(0, length).join(''));
  }
  return prefixes;
};

/**
 * The tokens to index a name by, or to look a query up with.
 *
 * @param name a name or query as typed
 * @returns at most 64 prefixes and 8 phonetic keys; empty lists for a text without letters
 * @example nameTokens('Rehana') // { prefixes: ['reh','reha','rehan','rehana'], phonetic: ['rhn'] }
 */
export const nameTokens = (name: string): NameTokens => {
  const words = nameWords(name);
  return {
    prefixes: [...new Set(words.flatMap(prefixesOf))],
    phonetic: [...new Set(words.map(phoneticKey))],
  };
};

/** What one word of a query is looked up by. */
export interface QueryWord {
  /** The whole word, in normal form. */
  readonly word: string;
  /** Its first ten letters, as `nameTokens` has them of a name that begins so. */
  readonly beginning: string;
  readonly sound: string;
}

/** The words of a query, sorted by whether an index can find them. */
export interface NameQuery {
  readonly indexed: readonly QueryWord[];
  /** Too short to be looked up; they only choose among what the others find. */
  readonly short: readonly string[];
}

/**
 * A query as it is looked up. A word of one or two letters has no prefix token, and its sound is that
 * of half a district; it stays out, unless it is short for something longer (Md).
 *
 * @param query the text as typed
 * @returns two empty lists for a text without letters
 * @example nameQuery('Md R') // { indexed: [{ word: 'md', beginning: 'md', sound: 'mhmd' }], short: ['r'] }
 */
export const nameQuery = (query: string): NameQuery => {
  const words = nameWords(query);
  return {
    indexed: words.filter(isIndexable).map((word) => ({
      word,
      beginning: [...word].slice(0, MAX_PREFIX_LENGTH).join(''),
      sound: phoneticKey(word),
    })),
    short: words.filter((word) => !isIndexable(word)),
  };
};

/** What a word is worth, in thousandths; `SOUND` is 600, and one less for the choice among equals. */
const EXACT = 1000;
const PREFIX = 800;
const SOUND = 599;

interface SpokenWord {
  readonly word: string;
  readonly sound: string;
}

const spokenWords = (text: string): readonly SpokenWord[] =>
  nameWords(text).map((word) => ({ word, sound: phoneticKey(word) }));

const wordWorth = (asked: SpokenWord, held: SpokenWord): number => {
  if (asked.word === held.word) return EXACT;
  if (held.word.startsWith(asked.word)) return PREFIX;
  return asked.sound === held.sound ? SOUND : 0;
};

/** How a name answers a query. */
export interface NameMatch {
  /** From just above 0 to 1 (equal). */
  readonly score: number;
  /** SPELLING when every word asked for is a word of the name or its beginning; else SOUND. */
  readonly by: 'SPELLING' | 'SOUND';
}

/**
 * How a name answers a query; undefined when some word of the query is not in the name. Words may
 * stand in any order, because family names come first or last by custom; each word of the name
 * answers one word of the query, so that all together fit best, and of two ways that fit equally the
 * one that is spelt so is told.
 *
 * @example compareNames('rihana', 'Rehana Begum') // { score: 0.588, by: 'SOUND' }
 * @example compareNames('s sunita', 'Sunita Sharma') // { score: 0.9, by: 'SPELLING' }
 */
export const compareNames = (query: string, name: string): NameMatch | undefined => {
  const asked = spokenWords(query);
  const held = spokenWords(name);
  const worth = bestAssignment(asked.map((one) => held.map((other) => wordWorth(one, other))));
  if (worth === 0) return undefined;
  // Eight words at most take less than a hundred from the sum: they are told by its last two digits.
  const tenths = Math.ceil(worth / 100);
  const extraWords = held.length - asked.length;
  return {
    score: (tenths / 10 / asked.length) * (1 - 0.02 * extraWords),
    by: worth % 100 === 0 ? 'SPELLING' : 'SOUND',
  };
};

/**
 * How well a name answers a query, from 0 (some word of the query is not in the name) to 1 (equal).
 *
 * @example nameScore('rihana', 'Rehana Begum') // 0.6 × a little less for the word not asked for
 */
export const nameScore = (query: string, name: string): number =>
  compareNames(query, name)?.score ?? 0;

/**
 * Whether every word of the query is in the name: equal, as a prefix, or alike in sound.
 *
 * @example matchesName('reh', 'Rehana Begum') // true
 * @example matchesName('रेहाना', 'Rihana') // true
 */
export const matchesName = (query: string, name: string): boolean => nameScore(query, name) > 0;

/** One answer of {@link rankNames}. */
export interface RankedName<Item> {
  readonly item: Item;
  readonly score: number;
}

/**
 * The items whose name answers the query, best first; equal scores keep the order of the input.
 *
 * @param query the text as typed
 * @param items whatever carries a name
 * @param nameOf reads the name of an item
 * @example rankNames('rehana', patients, (patient) => patient.name)
 */
export const rankNames = <Item>(
  query: string,
  items: readonly Item[],
  nameOf: (item: Item) => string,
): readonly RankedName<Item>[] =>
  items
    .map((item) => ({ item, score: nameScore(query, nameOf(item)) }))
    .filter((ranked) => ranked.score > 0)
    .sort((left, right) => right.score - left.score);
