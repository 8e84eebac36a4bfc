/**
 * Devanagari and Arabic script to Latin, as people of the field would type a name.
 * It serves searching, never display: two spellings of one name should meet, so vowel length,
 * aspiration and emphatic consonants are flattened and nothing has to be reversible.
 */

const devanagariConsonants: Readonly<Record<string, string>> = {
  क: 'k', ख: 'kh', ग: 'g', घ: 'gh', ङ: 'n', च: 'ch', छ: 'ch', ज: 'j', झ: 'jh', ञ: 'n',
  ट: 't', ठ: 'th', ड: 'd', ढ: 'dh', ण: 'n', त: 't', थ: 'th', द: 'd', ध: 'dh', न: 'n',
  प: 'p', फ: 'ph', ब: 'b', भ: 'bh', म: 'm', य: 'y', र: 'r', ल: 'l', ळ: 'l', व: 'v',
  श: 'sh', ष: 'sh', स: 's', ह: 'h', ऩ: 'n', ऱ: 'r', ऴ: 'l',
}; // prettier-ignore

const devanagariVowels: Readonly<Record<string, string>> = {
  अ: 'a', आ: 'a', इ: 'i', ई: 'i', उ: 'u', ऊ: 'u', ऋ: 'ri', ए: 'e', ऐ: 'ai', ओ: 'o', औ: 'au',
  ऑ: 'o', ऍ: 'e', ऎ: 'e', ऒ: 'o',
}; // prettier-ignore

const devanagariSigns: Readonly<Record<string, string>> = {
  'ा': 'a', 'ि': 'i', 'ी': 'i', 'ु': 'u', 'ू': 'u', 'ृ': 'ri', 'े': 'e', 'ै': 'ai', 'ो': 'o',
  'ौ': 'au', 'ॉ': 'o', 'ॅ': 'e', 'ॆ': 'e', 'ॊ': 'o',
}; // prettier-ignore

/** Consonants that change their sound under a nukta, mostly in names of Arabic or Persian origin. */
const nuktaSounds: Readonly<Record<string, string>> = {
  क: 'k', ख: 'kh', ग: 'g', ज: 'z', फ: 'f', ड: 'r', ढ: 'rh',
}; // prettier-ignore

const VIRAMA = '\u094d';
const NUKTA = '\u093c';
const ANUSVARA = '\u0902';
const CANDRABINDU = '\u0901';
const LABIALS = 'पफबभम';

/** Latin for one nasal sign: it takes the place of the sound that follows (अंबा is Amba). */
const nasal = (next: string | undefined): string =>
  next !== undefined && LABIALS.includes(next) ? 'm' : 'n';

/**
 * One Devanagari word in Latin letters. The inherent vowel is written except at the end of the
 * word, where Hindi does not speak it (राम is Ram).
 */
const devanagariWord = (word: string): string => {
  const letters = [...word];
  let latin = '';
  for (let index = 0; index < letters.length; index += 1) {
    const letter = letters[index] ?? '';
    const consonant = devanagariConsonants[letter];
    if (consonant === undefined) {
      if (letter === ANUSVARA || letter === CANDRABINDU) latin += nasal(letters[index + 1]);
      else latin += devanagariVowels[letter] ?? devanagariSigns[letter] ?? '';
      continue;
    }
    const dotted = letters[index + 1] === NUKTA;
    if (dotted) index += 1;
    latin += dotted ? (nuktaSounds[letter] ?? consonant) : consonant;
    const next = letters[index + 1];
    if (next === VIRAMA) index += 1;
    else if (next !== undefined && devanagariSigns[next] === undefined) latin += 'a';
  }
  return latin;
};

const arabicLetters: Readonly<Record<string, string>> = {
  ا: 'a', أ: 'a', إ: 'i', آ: 'a', ٱ: 'a', ء: '', ؤ: 'u', ئ: 'i', ب: 'b', پ: 'p', ت: 't', ٹ: 't',
  ث: 's', ج: 'j', چ: 'ch', خ: 'kh', د: 'd', ڈ: 'd', ذ: 'z', ر: 'r', ڑ: 'r', ز: 'z',
  ژ: 'z', س: 's', ش: 'sh', ص: 's', ض: 'z', ط: 't', ظ: 'z', غ: 'gh', ف: 'f', ڤ: 'v',
  ق: 'q', ك: 'k', ک: 'k', گ: 'g', ل: 'l', م: 'm', ن: 'n', ں: 'n', ھ: 'h', ة: 'a',
  ۃ: 'a', ى: 'a', ے: 'e',
}; // prettier-ignore

const SPOKEN_H = 'حهہ';
const ARABIC_VOWEL_HOLDERS = 'اأإآٱىيیو';

/**
 * One Arabic-script word in Latin letters. Short vowels are not written in the script, so the
 * result is a skeleton; the phonetic key of matching drops vowels on both sides.
 */
const arabicWord = (word: string): string => {
  const letters = [...word];
  let latin = '';
  for (let index = 0; index < letters.length; index += 1) {
    const letter = letters[index] ?? '';
    const next = letters[index + 1];
    const spoken = index === 0 || (next !== undefined && ARABIC_VOWEL_HOLDERS.includes(next));
    if (letter === 'و') latin += spoken && next !== undefined ? 'w' : 'u';
    else if (letter === 'ي' || letter === 'ی') latin += spoken && next !== undefined ? 'y' : 'i';
    else if (letter === 'ع') latin += latin === '' ? 'a' : '';
    // An h of its own, not the breath of the consonant before it (سهيل is Suhail, not Shil).
    else if (SPOKEN_H.includes(letter)) latin += /[^aeiou]$/.test(latin) ? 'ah' : 'h';
    else latin += arabicLetters[letter] ?? '';
  }
  return latin;
};

const isDevanagari = (word: string): boolean => /[\u0900-\u097f]/u.test(word);
const isArabic = (word: string): boolean => /[\u0600-\u06ff\u0750-\u077f]/u.test(word);

/**
 * A word in Latin letters when its script is Devanagari or Arabic; any other word as it is.
 *
 * @param word one word, Unicode NFC, without spaces
 * @returns lower-case Latin letters, or the word unchanged
 * @example transliterate('रेहाना') // 'rehana'
 */
export const transliterate = (word: string): string => {
  if (isDevanagari(word)) return devanagariWord(word);
  return isArabic(word) ? arabicWord(word) : word;
};
