import { Fault } from '@caregraph/fault';
import { nameQuery, normalizeIdentifier } from '@caregraph/name-matching';
import type { PatientQuestion } from './patient-search.type.ts';

/** The arguments of `searchPatients` as they come. */
export interface PatientSearchArguments {
  readonly name?: string | null;
  readonly phone?: string | null;
  readonly identifier?: {
    readonly type: string;
    readonly system?: string | null;
    readonly value: string;
  } | null;
  readonly areaId?: string | null;
  readonly bornBetween?: { readonly from?: string | null; readonly to?: string | null } | null;
  readonly first: number;
}

const maxMatches = 50;

const refuse = (at: string, reason: string) => new Fault('BAD_USER_INPUT', { at, reason });

/**
 * Checks what was asked.
 *
 * Threat: a search of everything for something short reads the names of a district out of the index
 * one by one. Defence: it names an area or one identifier, and something of the person.
 *
 * @throws Fault PAGE_SIZE_INVALID, BAD_USER_INPUT with the place and a reason
 */
export function readQuestion(asked: PatientSearchArguments): PatientQuestion {
  const { first, phone = null, areaId = null } = asked;
  if (!Number.isInteger(first) || first < 1 || first > maxMatches) {
    throw new Fault('PAGE_SIZE_INVALID', { max: maxMatches });
  }
  const identifier = readIdentifier(asked.identifier);
  const born = readRange(asked.bornBetween);
  if (areaId === null && identifier === null) throw refuse('areaId', 'AREA_OR_IDENTIFIER_NEEDED');
  const name = readName(asked.name, phone !== null || identifier !== null || born !== null);
  if (name === null && phone === null && identifier === null && born === null) {
    throw refuse('name', 'CRITERION_NEEDED');
  }
  return { name, phone, identifier, areaId, born, first };
}

/** @param besides whether something else is asked that people can be looked up by */
function readName(text: string | null | undefined, besides: boolean): PatientQuestion['name'] {
  if (text == null) return null;
  const words = nameQuery(text);
  if (words.indexed.length === 0 && !(besides && words.short.length > 0)) {
    throw refuse('name', 'NAME_TOO_SHORT');
  }
  return { text, words };
}

function readIdentifier(
  given: PatientSearchArguments['identifier'],
): PatientQuestion['identifier'] {
  if (given == null) return null;
  const { type, value, system } = given;
  if (normalizeIdentifier(type, value) === undefined) {
    throw refuse('identifier.value', 'NOT_AN_IDENTIFIER');
  }
  return { type, value, system: system ?? undefined };
}

function readRange(given: PatientSearchArguments['bornBetween']): PatientQuestion['born'] {
  if (given == null) return null;
  const { from = null, to = null } = given;
  if (from === null && to === null) throw refuse('bornBetween', 'CRITERION_NEEDED');
  if (from !== null && to !== null && from > to) throw refuse('bornBetween', 'RANGE_EMPTY');
  return { from, to };
}
