import { faultIn } from '@caregraph/encryption';
import { compareNames } from '@caregraph/name-matching';
import type { PatientRow } from '../patient/index.ts';
import type { PatientSearchStore } from './patient-search.store.ts';
import type {
  Candidate,
  LookUp,
  MatchReason,
  PatientMatch,
  PatientQuestion,
  PatientSearchResult,
  SearchCriterion,
} from './patient-search.type.ts';

/** Names are read one row after the other once they are open: more would be a copy of a village. */
const mostOpened = 200;
/** Candidates that are ranked; beyond that, only those who fit every word in both ways are asked. */
const mostRanked = 2_000;
/** Each district has a key of its own, and so tokens of its own for every word. */
const mostDistricts = 60;

/** What a search needs besides its store. */
export interface SearchSources {
  readonly search: PatientSearchStore;
  /** Whom an active identifier names, among those in scope. */
  namedBy(type: string, value: string, system: string | undefined): Promise<readonly string[]>;
}

/**
 * Finds who fits. Indexes say who may; at most 200 of them are opened and compared, because tokens
 * are truncated and sounds are coarse. Where that is not enough, the answer says so: an empty list
 * must never look like "no such patient", or the person is registered twice.
 *
 * @throws Fault SCOPE_BEHIND, BAD_USER_INPUT
 */
export async function searchPatients(
  question: PatientQuestion,
  { search, namedBy }: SearchSources,
): Promise<PatientSearchResult> {
  const { identifier, areaId } = question;
  const identified =
    identifier && (await namedBy(identifier.type, identifier.value, identifier.system));
  const byName = identified === null && (question.name?.words.indexed.length ?? 0) > 0;
  // Also where no name is looked up: an area that is not known here has nobody, and that says nothing.
  const place = areaId === null ? null : await search.areaOf(areaId, mostDistricts + 1);
  const area = byName ? place : null;
  if (area !== null && area.districtIds.length > mostDistricts) return tooMany(['AREA']);
  const found = await candidatesOf(search, { question, area, identified });
  const rows = await search.open(found.ids);
  const matches = rows
    .flatMap((row) => matchOf(row, question, search.isPhone) ?? [])
    .sort((one, other) => (other.score ?? 0) - (one.score ?? 0) || byAge(one, other));
  if (found.leftOut && matches.length === 0) return tooMany(narrowBy(question));
  const shown = matches.slice(0, question.first);
  search.show(shown);
  const complete = area?.indexBehind === true ? 'INDEX_BEHIND' : 'FOUND';
  return {
    outcome: found.leftOut ? 'CLOSEST' : complete,
    narrowBy: found.leftOut ? narrowBy(question) : [],
    matches: shown,
    total: matches.length,
  };
}

function tooMany(narrow: readonly SearchCriterion[]): PatientSearchResult {
  return { outcome: 'TOO_MANY', narrowBy: narrow, matches: [], total: 0 };
}

/** Ids are made in the order of registrations. */
function byAge({ patient: one }: PatientMatch, { patient: other }: PatientMatch): number {
  return one.id < other.id ? -1 : 1;
}

async function candidatesOf(search: PatientSearchStore, what: Omit<LookUp, 'tier' | 'limit'>) {
  const ranked = await search.lookUp({ ...what, tier: 'ANY', limit: mostRanked + 1 });
  if (ranked.length <= mostRanked) return toOpen(ranked);
  const closest = await search.lookUp({ ...what, tier: 'CLOSEST', limit: mostOpened + 1 });
  return { ids: closest.length > mostOpened ? [] : idsOf(closest), leftOut: true };
}

const idsOf = (candidates: readonly Candidate[]) => candidates.map(({ id }) => id);

/**
 * Whom to open: whole ranks from the best on, as long as they fit. Half of a rank would show some
 * people and hide their equals.
 *
 * @param ranked by falling rank
 */
export function toOpen(ranked: readonly Candidate[]): {
  readonly ids: readonly string[];
  readonly leftOut: boolean;
} {
  if (ranked.length <= mostOpened) return { ids: idsOf(ranked), leftOut: false };
  const firstLeftOut = ranked[mostOpened]?.rank ?? 0;
  return { ids: idsOf(ranked.filter(({ rank }) => rank > firstLeftOut)), leftOut: true };
}

/**
 * How an opened person fits; undefined when only their tokens did. Whose name or phone cannot be read
 * may be the one who is looked for, and is shown as such.
 */
export function matchOf(
  patient: PatientRow,
  question: PatientQuestion,
  isPhone: PatientSearchStore['isPhone'],
): PatientMatch | undefined {
  const { name, phone, identifier, born } = question;
  const matchedBy: MatchReason[] = [];
  const isRead = (field: 'name' | 'phone') => faultIn(patient, field) === undefined;
  const comparesName = name !== null && isRead('name');
  const comparesPhone = phone !== null && isRead('phone');
  const named = comparesName ? compareNames(name.text, patient.name) : undefined;
  if (comparesName && named === undefined) return undefined;
  if (named !== undefined) matchedBy.push(`NAME_${named.by}`);
  if (comparesPhone) {
    if (patient.phone === null || !isPhone(phone, patient.phone)) return undefined;
    matchedBy.push('PHONE');
  }
  if (comparesName !== (name !== null) || comparesPhone !== (phone !== null)) {
    matchedBy.push('UNREADABLE');
  }
  if (identifier !== null) matchedBy.push('IDENTIFIER');
  if (born !== null) matchedBy.push('BIRTH_DATE');
  return { patient, score: named?.score ?? null, matchedBy };
}

/** What a person at the desk could ask for next, the easiest first. */
function narrowBy({ name, phone, identifier, areaId, born }: PatientQuestion): SearchCriterion[] {
  const helpful: [SearchCriterion, boolean][] = [
    ['NAME', (name?.words.indexed.length ?? 0) < 2],
    ['BORN_BETWEEN', born === null],
    ['AREA', areaId !== null],
    ['PHONE', phone === null],
    ['IDENTIFIER', identifier === null],
  ];
  return helpful.filter(([, helps]) => helps).map(([criterion]) => criterion);
}
