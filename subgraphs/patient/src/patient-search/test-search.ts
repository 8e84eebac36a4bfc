import { expect } from 'vitest';
import type { TestDistrict } from '../test-district.ts';

/** The answer of a search, as the tests read it. */
export interface SearchAnswer {
  readonly outcome: string;
  readonly narrowBy: string[];
  readonly total: number;
  readonly matches: {
    readonly patient: { readonly id: string; readonly name: string };
    readonly score: number | null;
    readonly matchedBy: string[];
  }[];
}

export const searchQuery = `query (
  $name: String, $phone: String, $identifier: IdentifierSearchInput, $areaId: UUID
  $bornBetween: DateRangeInput, $first: Int! = 20
) {
  searchPatients(
    name: $name, phone: $phone, identifier: $identifier, areaId: $areaId
    bornBetween: $bornBetween, first: $first
  ) { outcome narrowBy total matches { patient { id name } score matchedBy } }
}`;

/** Searches as somebody; a fault fails the test. */
export async function search(
  d: TestDistrict,
  asked: Record<string, unknown>,
  token = d.worker,
  headers: Readonly<Record<string, string>> = {},
): Promise<SearchAnswer> {
  const answer = await d.graph.ask(token, searchQuery, asked, headers);
  expect(answer.errors).toEqual([]);
  return answer.data?.['searchPatients'] as SearchAnswer;
}

export const namesOf = ({ matches }: SearchAnswer) => matches.map(({ patient }) => patient.name);
export const idsOf = ({ matches }: SearchAnswer) => matches.map(({ patient }) => patient.id);
