import type { Random } from './random.ts';

export type Script = 'LATIN' | 'DEVANAGARI' | 'ARABIC';

/** A syllable in three scripts; names are put together, so that nobody's name is copied. */
type Syllable = readonly [latin: string, devanagari: string, arabic: string];

const beginnings: readonly Syllable[] = [
  ['Ara', 'अरा', 'ارا'],
  ['Bhu', 'भु', 'بھو'],
  ['Cha', 'चा', 'چا'],
  ['Deva', 'देवा', 'دیوا'],
  ['Esha', 'एशा', 'ایشا'],
  ['Gau', 'गौ', 'گو'],
  ['Hari', 'हरि', 'ہری'],
  ['Ja', 'जा', 'جا'],
  ['Kama', 'कमा', 'کما'],
  ['La', 'ला', 'لا'],
  ['Mani', 'मनि', 'منی'],
  ['Na', 'ना', 'نا'],
  ['Para', 'परा', 'پرا'],
  ['Ra', 'रा', 'را'],
  ['Sami', 'समी', 'سمی'],
  ['Su', 'सु', 'سو'],
  ['Tara', 'तारा', 'تارا'],
  ['Uma', 'उमा', 'اوما'],
  ['Vi', 'वि', 'وی'],
  ['Za', 'ज़ा', 'زا'],
];

const femaleEndings: readonly Syllable[] = [
  ['vani', 'वनी', 'ونی'],
  ['lika', 'लिका', 'لیکا'],
  ['meena', 'मीना', 'مینا'],
  ['shri', 'श्री', 'شری'],
  ['neha', 'नेहा', 'نیہا'],
  ['dina', 'दीना', 'دینا'],
  ['riya', 'रिया', 'ریا'],
  ['tulya', 'तुल्या', 'تلیا'],
  ['kirti', 'कीर्ति', 'کیرتی'],
  ['bala', 'बाला', 'بالا'],
];

const maleEndings: readonly Syllable[] = [
  ['van', 'वन', 'ون'],
  ['lesh', 'लेश', 'لیش'],
  ['mohan', 'मोहन', 'موہن'],
  ['dev', 'देव', 'دیو'],
  ['kar', 'कर', 'کر'],
  ['jit', 'जीत', 'جیت'],
  ['ruddin', 'रुद्दीन', 'رالدین'],
  ['nath', 'नाथ', 'ناتھ'],
  ['pal', 'पाल', 'پال'],
  ['bir', 'बीर', 'بیر'],
];

const familyEndings: readonly Syllable[] = [
  ['walia', 'वालिया', 'والیا'],
  ['hari', 'हारी', 'ہاری'],
  ['mandal', 'मंडल', 'منڈل'],
  ['kheri', 'खेरी', 'کھیری'],
  ['puria', 'पुरिया', 'پوریا'],
  ['desi', 'देसी', 'دیسی'],
  ['gari', 'गारी', 'گاری'],
  ['toli', 'टोली', 'ٹولی'],
  ['bari', 'बारी', 'باری'],
  ['shaki', 'शाकी', 'شاکی'],
];

const column = { LATIN: 0, DEVANAGARI: 1, ARABIC: 2 } as const satisfies Record<Script, number>;

/** A family name, the same for all of a household. */
export function familyName(random: Random, script: Script): string {
  return random.pick(beginnings)[column[script]] + random.pick(familyEndings)[column[script]];
}

/** A given name. */
export function givenName(random: Random, script: Script, sex: 'FEMALE' | 'MALE'): string {
  const endings = sex === 'FEMALE' ? femaleEndings : maleEndings;
  return random.pick(beginnings)[column[script]] + random.pick(endings)[column[script]];
}

/** Most records are written in Latin script; some as the family writes its name. */
export function scriptOf(random: Random): Script {
  const drawn = random.next();
  return drawn < 0.8 ? 'LATIN' : drawn < 0.94 ? 'DEVANAGARI' : 'ARABIC';
}

const placeBeginnings = [
  'Amra', 'Bela', 'Chira', 'Dhula', 'Ekta', 'Falsa', 'Gopa', 'Hirna', 'Imli', 'Jhara', 'Kusu',
  'Lohi', 'Mahua', 'Nimo', 'Orha', 'Palas', 'Rang', 'Sona', 'Tula', 'Urla', 'Vana', 'Yamni',
] as const; // prettier-ignore
const placeEndings = ['gaon', 'wadi', 'khera', 'tola', 'pura', 'kund', 'ghati', 'bigha'] as const;

/** An invented place; another for each number up to 176. */
export function placeName(number: number): string {
  const beginning = placeBeginnings[number % placeBeginnings.length] ?? '';
  // Seven steps through the endings, so that neighbours do not rhyme.
  const round = Math.floor(number / placeBeginnings.length);
  return beginning + (placeEndings[(number * 7 + round) % placeEndings.length] ?? '');
}
