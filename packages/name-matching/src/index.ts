export {
  CARD_ALPHABET,
  CARD_LENGTH,
  cardCheckDigit,
  createCardNumber,
  formatCardNumber,
  isValidCardNumber,
  normalizeCardNumber,
} from './card-number.ts';
export { identifierSpellings, normalizeIdentifier } from './identifier.ts';
export {
  compareNames,
  matchesName,
  nameQuery,
  nameScore,
  nameTokens,
  rankNames,
} from './name-match.ts';
export type { NameMatch, NameQuery, NameTokens, QueryWord, RankedName } from './name-match.ts';
export { MAX_NAME_LENGTH, MIN_PREFIX_LENGTH, nameWords, normalizeName } from './name-words.ts';
export { firstPhone, normalizePhone } from './phone-number.ts';
export { phoneticKey } from './phonetic-key.ts';
export { transliterate } from './transliteration.ts';
