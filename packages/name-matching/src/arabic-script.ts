/** Arabic script, as its languages from Sindhi to Kurdish write it, to Latin. */

const arabicLetters: Readonly<Record<string, string>> = {
  ا: 'a', أ: 'a', إ: 'i', آ: 'a', ٱ: 'a', ء: '', ؤ: 'u', ئ: 'i', ب: 'b', پ: 'p', ت: 't', ٹ: 't',
  ث: 's', ج: 'j', چ: 'ch', خ: 'kh', د: 'd', ڈ: 'd', ذ: 'z', ر: 'r', ڑ: 'r', ز: 'z',
  ژ: 'z', س: 's', ش: 'sh', ص: 's', ض: 'z', ط: 't', ظ: 'z', غ: 'gh', ف: 'f', ڤ: 'v',
  ق: 'q', ك: 'k', ک: 'k', گ: 'g', ل: 'l', م: 'm', ن: 'n', ں: 'n', ھ: 'h', ة: 'a',
  ۃ: 'a', ى: 'a', ے: 'e', ۀ: 'a', ۂ: 'a', ۓ: 'e',
  // Sindhi.
  ٻ: 'b', ڀ: 'bh', ٽ: 't', ٺ: 'th', ٿ: 'th', ڄ: 'j', ڃ: 'n', ڇ: 'ch', ڏ: 'd', ڊ: 'd', ڌ: 'dh',
  ڍ: 'dh', ڙ: 'r', ڦ: 'ph', ڪ: 'k', ڳ: 'g', ڱ: 'ng', ڻ: 'n',
  // Pashto.
  ټ: 't', ځ: 'z', څ: 's', ډ: 'd', ړ: 'r', ږ: 'zh', ښ: 'sh', ګ: 'g', ڼ: 'n', ې: 'e', ۍ: 'i',
  // Kurdish, Uyghur, Kashmiri.
  ە: 'e', ێ: 'e', ۆ: 'o', ڕ: 'r', ڵ: 'l', ۇ: 'u', ۈ: 'u', ۋ: 'v', ڭ: 'ng', ۄ: 'o', ۅ: 'o',
}; // prettier-ignore

const SPOKEN_H = 'حهہ';
const ARABIC_VOWEL_HOLDERS = 'اأإآٱىيیو';

/**
 * One Arabic-script word in Latin letters. Short vowels are not written in the script, so the
 * result is a skeleton; the phonetic key of matching drops vowels on both sides. Marks vanish, and a
 * letter that is not known here stays, so that no name becomes empty.
 */
export const arabicWord = (word: string): string => {
  const letters = [...word.replace(/\p{M}+/gu, '')];
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
    else latin += arabicLetters[letter] ?? letter;
  }
  return latin;
};
