/** Written short forms of one of the most common names of the field. */
const shortForms: ReadonlySet<string> = new Set(['md', 'mohd', 'mohmd', 'mhd']);
const longForm = 'mohammed';

/** Sounds of one name that the rules leave apart: its d is a t in Turkish and in Tamil writing. */
const itsSounds: ReadonlySet<string> = new Set(['mhmt', 'mgmt', 'mgmd']);
const itsSound = 'mhmd';

/**
 * Rules in order. They merge what ears and transliterations confuse in names of South Asia,
 * the Middle East and Africa: aspirates, sh/s, z/j, v/w, c/k/q, f/ph, doubled letters.
 */
const soundRules: readonly (readonly [RegExp, string])[] = [
  // A glide, not a sound of its own: Chowdhury, Dawood.
  [/([aeou])w(?=[^aeiouy]|[uo]|$)/g, '$1'],
  // One letter of Sanskrit, spelled as each language says it: Gyan, Jnan, Dnyan.
  [/^(?:jn|dny)/, 'gy'],
  // The article after it is said like the letter that follows: Abdur Rahman, Abdus Salam.
  [/^abd[aeou][dnrstz]$/, 'abdul'],
  [/ph/g, 'f'],
  [/sch|sh/g, 's'],
  [/tch|chh|ch/g, 'C'],
  [/ck|c(?![eiy])|q/g, 'k'],
  [/c/g, 's'],
  [/x/g, 'ks'],
  [/z/g, 'j'],
  [/w/g, 'v'],
  [/([bcdgjklpqrtC])h/g, '$1'],
  [/(.)\1+/g, '$1'],
];

/**
 * A key that is equal for words that sound alike: the consonants after the rules above, with one
 * mark for any vowel at the start. Words in scripts without a transliteration are their own key.
 *
 * It is coarse on purpose (a health worker picks from a short list); ranking puts closer
 * spellings first.
 *
 * @param word one word of `nameWords`
 * @returns the key, never empty for a non-empty word
 * @example phoneticKey('rihana') === phoneticKey('rehana') // both 'rhn'
 */
export const phoneticKey = (word: string): string => {
  if (!/^[a-z]+$/.test(word)) return word;
  let sound = shortForms.has(word) ? longForm : word;
  for (const [pattern, replacement] of soundRules) sound = sound.replace(pattern, replacement);
  const start = /^[aeiou]/.test(sound) ? 'a' : sound.charAt(0);
  const rest = (start === 'a' ? sound : sound.slice(1)).replace(/h$/, '').replace(/[aeiouy]/g, '');
  const key = start + rest;
  return itsSounds.has(key) ? itsSound : key;
};
