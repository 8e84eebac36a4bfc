/**
 * The scripts of India to Latin. Unicode lays nine of them out like Devanagari, one block after the
 * other, so a letter is read at its place in the Devanagari block; what a script has of its own, or
 * says otherwise, stands in its entry below.
 *
 * @source The Unicode Standard, chapter 12 (South and Central Asia I)
 */

const consonants: Readonly<Record<string, string>> = {
  क: 'k', ख: 'kh', ग: 'g', घ: 'gh', ङ: 'n', च: 'ch', छ: 'ch', ज: 'j', झ: 'jh', ञ: 'n',
  ट: 't', ठ: 'th', ड: 'd', ढ: 'dh', ण: 'n', त: 't', थ: 'th', द: 'd', ध: 'dh', न: 'n',
  प: 'p', फ: 'ph', ब: 'b', भ: 'bh', म: 'm', य: 'y', र: 'r', ल: 'l', ळ: 'l', व: 'v',
  श: 'sh', ष: 'sh', स: 's', ह: 'h', ऩ: 'n', ऱ: 'r', ऴ: 'zh', '\u095c': 'r',
  ॹ: 'zh', ॺ: 'y', ॻ: 'g', ॼ: 'j', ॾ: 'd', ॿ: 'b',
}; // prettier-ignore

const vowels: Readonly<Record<string, string>> = {
  अ: 'a', आ: 'a', इ: 'i', ई: 'i', उ: 'u', ऊ: 'u', ऋ: 'ri', ए: 'e', ऐ: 'ai', ओ: 'o', औ: 'au',
  ऑ: 'o', ऍ: 'e', ऎ: 'e', ऒ: 'o', ॲ: 'a', ऄ: 'a', ॠ: 'ri', ऌ: 'li', ॡ: 'li', ॐ: 'om', ॳ: 'o', ॴ: 'o', ॵ: 'au', ॶ: 'u', ॷ: 'u',
}; // prettier-ignore

const signs: Readonly<Record<string, string>> = {
  'ा': 'a', 'ि': 'i', 'ी': 'i', 'ु': 'u', 'ू': 'u', 'ृ': 'ri', 'े': 'e', 'ै': 'ai', 'ो': 'o',
  'ौ': 'au', 'ॉ': 'o', 'ॅ': 'e', 'ॆ': 'e', 'ॊ': 'o', 'ॄ': 'ri', 'ॢ': 'li', 'ॣ': 'li',
}; // prettier-ignore

/** Consonants that change their sound under a nukta, mostly in names of Arabic or Persian origin. */
const nuktaSounds: Readonly<Record<string, string>> = {
  क: 'k', ख: 'kh', ग: 'g', ज: 'z', फ: 'f', ड: 'r', ढ: 'rh', स: 'sh', य: 'y',
}; // prettier-ignore

const VIRAMA = '\u094d';
const NUKTA = '\u093c';
const ANUSVARA = '\u0902';
const CANDRABINDU = '\u0901';
/** The three-dotted sign; Tamil writes it before a p that is spoken f. */
const VISARGA = '\u0903';
const LABIALS = 'पफबभम';

/** What one script does otherwise than Devanagari. */
interface Script {
  readonly block: number;
  /** Whether the vowel of a last consonant without a sign is spoken: it is in the south. */
  readonly lastVowel: boolean;
  /** Its own letters, as the Devanagari that reads like them. */
  readonly own: Readonly<Record<string, string>>;
}

const north = { lastVowel: false, own: {} } as const;
const south = { lastVowel: true, own: {} } as const;

const scripts: readonly Script[] = [
  { ...north, block: 0x0900 },
  // Khanda ta, and the r and w of Assamese.
  { ...north, block: 0x0980, own: { '\u09ce': 'त्', '\u09f0': 'र', '\u09f1': 'व' } },
  // Tippi is a nasal, addak doubles what follows, the two carriers only hold a vowel sign.
  { ...north, block: 0x0a00, own: { '\u0a70': ANUSVARA, '\u0a71': '', '\u0a72': '', '\u0a73': '' } },
  { ...north, block: 0x0a80 },
  { ...north, block: 0x0b00, own: { '\u0b5f': 'य', '\u0b71': 'व' } },
  { ...south, block: 0x0b80 },
  { ...south, block: 0x0c00, own: { 'ౘ': 'च', 'ౙ': 'ज', 'ౚ': 'र' } },
  { ...south, block: 0x0c80 },
  // Malayalam has letters for a consonant without any vowel.
  {
    ...south,
    block: 0x0d00,
    own: { 'ൺ': 'ण्', 'ൻ': 'न्', 'ർ': 'र्', 'ൽ': 'ल्', 'ൾ': 'ळ्', 'ൿ': 'क्', 'ൔ': 'म्', 'ൕ': 'य्',
      'ൖ': 'ल्', 'ഺ': 'ट', 'ൎ': 'र्' },
  },
]; // prettier-ignore

const BLOCK_SIZE = 0x80;
const BENGALI = 0x0980;
const TAMIL = 0x0b80;

const scriptOf = (letter: string): Script | undefined => {
  const code = letter.codePointAt(0) ?? 0;
  return scripts.find(({ block }) => code >= block && code < block + BLOCK_SIZE);
};

const inDevanagari = (word: string, { block, own }: Script): string =>
  Array.from(word, (letter) => {
    const code = letter.codePointAt(0) ?? 0;
    if (own[letter] !== undefined) return own[letter];
    const inBlock = code >= block && code < block + BLOCK_SIZE;
    return inBlock ? String.fromCodePoint(code - block + 0x0900) : letter;
  }).join('');

/** Latin for one nasal sign: it takes the place of the sound that follows (अंबा Amba, सिंह Singh). */
const nasal = (next: string | undefined, { lastVowel }: Script): string => {
  if (next === undefined) return lastVowel ? 'm' : 'n';
  if (next === 'ह') return 'ng';
  return LABIALS.includes(next) ? 'm' : 'n';
};

/**
 * A consonant whose sound depends on where it stands. Tamil has one letter for voiced and voiceless
 * stops (முருகன் Murugan, அம்பிகா Ambika); Bengali writes y for a spoken j at the start (যাদব Jadab).
 */
const placed = (letter: string, before: string, next: string | undefined, block: number) => {
  if (block === BENGALI && letter === 'य' && before === '') return 'j';
  if (block !== TAMIL) return undefined;
  if (/[nm]$/.test(before)) return { क: 'g', च: 'j', ट: 'd', त: 'd', प: 'b' }[letter];
  if (letter === 'च' && next !== VIRAMA && !before.endsWith('ch')) return 's';
  const open = /[aeiou]$/.test(before) && next !== VIRAMA;
  return open ? { क: 'g', ट: 'd' }[letter] : undefined;
};

/** A letter that is not known here stays, so that no name becomes empty; signs and avagraha vanish. */
const unknown = (letter: string): string => (/^(?![ऽॱ])\p{L}$/u.test(letter) ? letter : '');

/** Conjuncts that are not said as they are written: ज्ञान is Gyan, and மீனாட்சி is Meenakshi. */
const spoken = (word: string, { block }: Script): string =>
  block === TAMIL ? word.replace(/ट्च/g, 'क्ष') : word.replace(/ज्ञ/g, 'ग्य');

const latinOf = (word: string, script: Script): string => {
  const letters = [...spoken(word, script)];
  let latin = '';
  for (let index = 0; index < letters.length; index += 1) {
    const letter = letters[index] ?? '';
    const consonant = consonants[letter];
    if (consonant === undefined) {
      if (letter === ANUSVARA || letter === CANDRABINDU) latin += nasal(letters[index + 1], script);
      else latin += vowels[letter] ?? signs[letter] ?? unknown(letter);
      continue;
    }
    const dotted = letters[index + 1] === NUKTA;
    const breathed = script.block === TAMIL && letters[index - 1] === VISARGA && letter === 'प';
    if (dotted) index += 1;
    const next = letters[index + 1];
    if (breathed) latin += 'f';
    else if (dotted) latin += nuktaSounds[letter] ?? consonant;
    else latin += placed(letter, latin, next, script.block) ?? consonant;
    if (next === VIRAMA) index += 1;
    else if (next === undefined ? script.lastVowel : signs[next] === undefined) latin += 'a';
  }
  return latin;
};

/**
 * One word of an Indian script in Latin letters; undefined for a word of another script. The vowel
 * that a consonant carries is written, except at the end of a word of the north (राम is Ram).
 *
 * @param word Unicode NFC, without joiners
 * @example indicWord('રેહાના') // 'rehana'
 */
export const indicWord = (word: string): string | undefined => {
  const script = scriptOf(word.charAt(0));
  return script === undefined ? undefined : latinOf(inDevanagari(word, script), script);
};
