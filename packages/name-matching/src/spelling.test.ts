import { describe, expect, it } from 'vitest';
import { matchesName, rankNames } from './name-match.ts';
import { nameWords } from './name-words.ts';
import { phoneticKey } from './phonetic-key.ts';
import { transliterate } from './transliteration.ts';

const keyOf = (name: string) => nameWords(name).map(phoneticKey).join(' ');

/** One line is one person, as clerks of different places and tongues write them down. */
const mustMeet: readonly (readonly string[])[] = [
  ['Rehana', 'Rihana', 'Rehanah', 'रेहाना', 'রেহানা', 'રેહાના', 'ਰੇਹਾਨਾ', 'ରେହାନା', 'ரெஹானா',
    'రెహానా', 'ರೆಹಾನಾ', 'റെഹാന', 'ريحانة', 'ریحانہ', 'रिहाना'],
  ['Mohammed', 'Muhammad', 'Mohamed', 'Mohammad', 'Mohd', 'Md', 'Muhamed', 'Mehmet', 'محمد',
    'मोहम्मद', 'মোহাম্মদ', 'মুহাম্মাদ', 'મોહમ્મદ', 'ਮੁਹੰਮਦ', 'முகமது', 'முஹம்மது', 'మహమ్మద్',
    'ಮೊಹಮ್ಮದ್', 'മുഹമ്മദ്'],
  ['Lakshmi', 'Laxmi', 'Luxmi', 'Lakshmy', 'लक्ष्मी', 'লক্ষ্মী', 'લક્ષ્મી', 'ਲਕਸ਼ਮੀ', 'லட்சுமி',
    'லக்ஷ்மி', 'లక్ష్మి', 'ಲಕ್ಷ್ಮಿ', 'ലക്ഷ്മി', 'لکشمی'],
  ['Fatima', 'Fathima', 'Fatema', 'Phatima', 'Fatimah', 'फ़ातिमा', 'फातिमा', 'ফাতেমা', 'ફાતિમા',
    'ਫ਼ਾਤਿਮਾ', 'ஃபாத்திமா', 'ఫాతిమా', 'ಫಾತಿಮಾ', 'ഫാത്തിമ', 'فاطمة', 'فاطمہ'],
  ['Chaudhary', 'Choudhury', 'Chowdhury', 'Chaudhuri', 'चौधरी', 'চৌধুরী', 'ਚੌਧਰੀ', 'چودھری'],
  ['Begum', 'Begam', 'Begom', 'बेगम', 'বেগম', 'بیگم'],
  ['Khatun', 'Khatoon', 'खातून', 'খাতুন', 'خاتون'],
  ['Singh', 'सिंह', 'ਸਿੰਘ', 'સિંહ'],
  ['Gyan', 'Jnan', 'Dnyan', 'ज्ञान'],
  ['Dawood', 'Daud', 'Daoud', 'داود'],
  ['Hussain', 'Hossain', 'Husein', 'हुसैन', 'হোসেন', 'حسین'],
  ['Shaikh', 'Sheikh', 'Shaik', 'Shekh', 'शेख', 'শেখ', 'شیخ'],
  ['Syed', 'Sayyid', 'Sayed', 'सैयद', 'سید'],
  ['Zainab', 'Jainab', 'Zaynab', 'ज़ैनब', 'জয়নব', 'زینب'],
  ['Ayesha', 'Aisha', 'Aysha', 'आयशा', 'আয়েশা', 'عائشة'],
  ['Qureshi', 'Kureshi', 'कुरैशी', 'قریشی'],
  ['Meenakshi', 'Minaxi', 'मीनाक्षी', 'மீனாட்சி'],
  ['Anjali', 'Anjaly', 'अंजलि', 'அஞ்சலி', 'అంజలి', 'അഞ്ജലി'],
  ['Murugan', 'Muruganh', 'முருகன்', 'मुरुगन'],
  ['Arjun', 'Arjoon', 'अर्जुन', 'അർജുൻ', 'অর্জুন'],
  ['Arunachalam', 'Arunachalum', 'అరుణాచలం', 'ಅರುಣಾಚಲಂ'],
  ['Shankar', 'Sankar', 'Shanker', 'शंकर', 'શંકર', 'শংকর'],
  ['Abdullah', 'Abdallah', 'عبد الله', 'عبدالله', 'अब्दुल्लाह'],
  ['Abdul Rahman', 'Abdur Rehman', 'عبد الرحمن', 'عبدالرحمن'],
  ['Karim', 'Kareem', 'كريم', 'کریم', 'ڪريم', 'करीम'],
  ['Gul', 'گل', 'ګل', 'گُل', 'गुल'],
  ['Omar', 'Umer', 'عمر', 'ۆمەر'],
  ['Bhutto', 'ڀٽو', 'بھٹو', 'भुट्टो'],
  ['Alice', 'ॲलिस', 'एलिस'],
  ['Rishi', 'ऋषि', 'ॠषि'],
  ['Jashoda', 'যশোদা', 'Joshoda'],
  ['Priya', 'Preeya', 'Priyaa', 'प्रिया', 'ప్రియ', 'പ്രിയ', 'પ્રિયા'],
]; // prettier-ignore

/** Names of two people: a list that mixed them up would be longer than it helps. */
const mustNotMeet: readonly (readonly [string, string])[] = [
  ['Rehana', 'Rani'],
  ['Rehana', 'Farhana'],
  ['Sunita', 'Anita'],
  ['Sunita', 'Savita'],
  ['Fatima', 'Fahima'],
  ['Kamala', 'Kavita'],
  ['Lakshmi', 'Lakhan'],
  ['Begum', 'Beena'],
  ['Vinod', 'Vineet'],
  ['Amit', 'Ahmad'],
  ['Ravi', 'Rabiya'],
  ['Rajni', 'Ragini'],
  ['Mohan', 'Mohammed'],
  ['Radha', 'Rita'],
  ['Sita', 'Sida'],
  ['மீனா', 'முருகன்'],
  ['রেহানা', 'ফারহানা'],
  ['सीता', 'गीता'],
];

describe('spellings of one name', () => {
  it.each(mustMeet.map((spellings) => [spellings[0], spellings] as const))('%s', (_, spellings) => {
    const keys = spellings.map((name) => [name, keyOf(name)]);
    const [first = ''] = spellings;
    expect(keys).toEqual(spellings.map((name) => [name, keyOf(first)]));
    for (const name of spellings) expect(matchesName(name, `${first} Devi`), name).toBe(true);
  });
});

describe('names of two people', () => {
  it.each(mustNotMeet)('%s and %s', (one, other) => {
    expect(matchesName(one, other)).toBe(false);
    expect(matchesName(other, one)).toBe(false);
  });
});

/** The sound keeps no vowels; of what it cannot tell apart, the closer spelling comes first. */
it.each([
  ['Hasan', 'Hussain'],
  ['Asha', 'Usha'],
  ['Bibi', 'Baby'],
])('%s is found for %s, and ranks below it', (one, other) => {
  expect(rankNames(other, [one, other], (name) => name).map(({ item }) => item)).toEqual([
    other,
    one,
  ]);
});

/** Letters that only hold, mark or change another one. */
const silent = 'ءـऽॱઽঽଽఽಽഽੲੳঀஃಀೱ';

it('no letter of a script that is made Latin makes a name empty', () => {
  const blocks = [[0x0600, 0x06ff], [0x0750, 0x077f], [0x0900, 0x0d7f]] as const; // prettier-ignore
  const lost = blocks.flatMap(([first, last]) =>
    Array.from({ length: last - first + 1 }, (_, at) => String.fromCodePoint(first + at)).filter(
      (letter) =>
        /\p{L}/u.test(letter) && !silent.includes(letter) && nameWords(letter).length === 0,
    ),
  );
  expect(lost).toEqual([]);
});

describe('transliteration', () => {
  it.each([
    ['राम', 'ram'],
    ['രാമ', 'rama'],
    ['ராமன்', 'raman'],
    ['ਸਿੰਘ', 'singh'],
    ['ਬੱਚਾ', 'bacha'],
    ['অর্জুন', 'arjun'],
    ['সুমাইয়া', 'sumaiya'],
    ['কুৎসা', 'kutsa'],
    ['അഴകൻ', 'azhakan'],
    ['అరుణాచలం', 'arunachalam'],
    ['안나', '안나'],
  ])('%s', (word, latin) => expect(transliterate(word)).toBe(latin));
});
