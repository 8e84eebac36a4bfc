import icd10File from '../data/icd10.json' with { type: 'json' };
import { titlesOf } from './clinical-content.ts';
import type { ContentFile, Titled } from './clinical-content.ts';

/** A disease or reason for contact, coded in ICD-10. */
export interface Disease extends Titled {
  readonly code: string;
  /** Roman number of its chapter. */
  readonly chapter: string;
}

export interface DiseaseChapter extends Titled {
  readonly code: string;
  /** First and last category. */
  readonly from: string;
  readonly to: string;
}

// Checked entry by entry in content.test.ts; the literal types of the file need this cast.
export const diseases = icd10File as ContentFile<Disease> & {
  readonly chapters: readonly DiseaseChapter[];
};

const byCode = new Map(diseases.entries.map((disease) => [disease.code, disease]));

/**
 * A disease by its ICD-10 code, with or without the dot, in any case.
 *
 * @example findDisease('o14.1')?.title // 'Severe pre-eclampsia'
 */
export const findDisease = (code: string): Disease | undefined => {
  const plain = code.trim().toUpperCase().replace('.', '');
  const dotted = plain.length > 3 ? `${plain.slice(0, 3)}.${plain.slice(3)}` : plain;
  return byCode.get(dotted);
};

const MAX_QUERY_LENGTH = 100;
const MAX_RESULTS = 50;

const folded = (text: string): string =>
  text
    .slice(0, MAX_QUERY_LENGTH * 2)
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLowerCase();

/** 0 is the query, 1 starts with it, 2 has a word for each of its words, 3 contains it. */
const closeness = (title: string, query: string): number | undefined => {
  const text = folded(title);
  if (text.startsWith(query)) return text === query ? 0 : 1;
  const words = text.split(/[^\p{L}\p{M}\p{N}]+/u);
  const asked = query.split(/\s+/);
  if (asked.every((word) => words.some((candidate) => candidate.startsWith(word)))) return 2;
  return text.includes(query) ? 3 : undefined;
};

/**
 * Diseases by code or by words of their title, in English or in the worker's language.
 *
 * @param text a code such as "O14", or words, in any order
 * @param language BCP 47 tag; titles of that language count before others
 * @returns at most 50, best first
 * @example searchDiseases('दस्त', 'hi')[0]?.code
 */
export const searchDiseases = (text: string, language = 'en'): readonly Disease[] => {
  const query = folded(text.slice(0, MAX_QUERY_LENGTH)).trim();
  if (query === '') return [];
  const base = language.toLowerCase().split('-')[0];
  const ranked = diseases.entries.flatMap((disease) => {
    const byItsCode = disease.code
      .toLowerCase()
      .replace('.', '')
      .startsWith(query.replace('.', ''));
    const own = Object.entries(disease.translations ?? {}).find(([key]) => key === base)?.[1];
    const first = byItsCode ? 0 : closeness(own ?? disease.title, query);
    const other = titlesOf(disease).map((title) => closeness(title, query));
    const rest = Math.min(...other.map((rank) => (rank === undefined ? Infinity : rank + 0.5)));
    const rank = Math.min(first ?? Infinity, rest);
    return Number.isFinite(rank) ? [{ disease, rank }] : [];
  });
  return ranked
    .sort((left, right) => left.rank - right.rank)
    .slice(0, MAX_RESULTS)
    .map(({ disease }) => disease);
};
