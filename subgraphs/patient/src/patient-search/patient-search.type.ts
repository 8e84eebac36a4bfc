import type { NameQuery } from '@caregraph/name-matching';
import type { PatientRow } from '../patient/index.ts';

/** A search whose criteria were checked. What is null was not asked. */
export interface PatientQuestion {
  readonly name: { readonly text: string; readonly words: NameQuery } | null;
  readonly phone: string | null;
  readonly identifier: {
    readonly type: string;
    readonly system: string | undefined;
    readonly value: string;
  } | null;
  readonly areaId: string | null;
  readonly born: { readonly from: string | null; readonly to: string | null } | null;
  readonly first: number;
}

/** Someone who may fit, as the indexes know them. */
export interface Candidate {
  readonly id: string;
  /** How many tokens of the words fit: beginning and sound count one each. */
  readonly rank: number;
}

/** Where names are looked up. */
export interface SearchedArea {
  readonly districtIds: readonly string[];
  /** The area and all below it; null when there are more than a few dozen. */
  readonly areaIds: readonly string[] | null;
  /** Whether names of people in scope are in no index yet. */
  readonly indexBehind: boolean;
}

/** What limits the people whom a look-up may find. */
export interface LookUp {
  readonly question: PatientQuestion;
  /** Where names are looked up; null when none is. */
  readonly area: SearchedArea | null;
  /** Whom the identifier names; null when none was asked. */
  readonly identified: readonly string[] | null;
  /** CLOSEST wants beginning and sound of every word, ANY one of the two. */
  readonly tier: 'ANY' | 'CLOSEST';
  readonly limit: number;
}

export type MatchReason =
  'NAME_SPELLING' | 'NAME_SOUND' | 'PHONE' | 'IDENTIFIER' | 'BIRTH_DATE' | 'UNREADABLE';

export interface PatientMatch {
  readonly patient: PatientRow;
  readonly score: number | null;
  readonly matchedBy: readonly MatchReason[];
}

export type SearchCriterion = 'NAME' | 'BORN_BETWEEN' | 'AREA' | 'PHONE' | 'IDENTIFIER';

export interface PatientSearchResult {
  readonly outcome: 'FOUND' | 'CLOSEST' | 'TOO_MANY' | 'INDEX_BEHIND';
  readonly narrowBy: readonly SearchCriterion[];
  readonly matches: readonly PatientMatch[];
  readonly total: number;
}
