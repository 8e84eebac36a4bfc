import type { ProblemCode } from '@caregraph/fault';

/**
 * What can be wrong with an input. Messages name the rule, never a value: an import's output is
 * read on screens and kept in logs where a patient's data must not be.
 */
export const issueCatalogue = {
  FILE_UNREADABLE: 'The file could not be read.',
  JSON_MALFORMED: 'The text is not JSON from here on.',
  JSON_TRUNCATED: 'The file ends in the middle of a value.',
  NOT_FHIR: 'This is no FHIR resource or bundle entry.',
  RECORD_INVALID: 'An element is missing or not of the form that FHIR R4 asks for.',
  ID_MISSING: 'The record has neither an id, a full URL nor an identifier.',
  DUPLICATE_DIFFERS: 'The record came before with other content; the first one counts.',
  REFERENCE_UNRESOLVED: 'The record that is referred to is not part of this import.',
  SUBJECT_DIFFERS: 'The visit that is referred to is another patient’s.',
  DATE_MISSING: 'There is no date, or it is less exact than a day.',
  DATE_IN_FUTURE: 'The date lies in the future.',
  NAME_MISSING: 'There is no name.',
  CODE_MISSING: 'There is no code.',
  IDENTIFIER_INVALID: 'The identifier has no value, or one that is none of its type.',
  UNIT_UNKNOWN: 'The value has no unit, or one that this measurement does not have.',
  VALUE_INEXACT: 'The value is a limit (below, above), not a measurement.',
  VALUE_IMPOSSIBLE: 'A measured value is outside what is possible in a living person.',
} as const;

export type IssueCode = keyof typeof issueCatalogue;

/** Where a record came from. */
export interface Origin {
  readonly file: string;
  /** JSON path of the entry, e.g. `entry[17].resource`, or `line[4]` of an NDJSON file. */
  readonly path: string;
}

/** Something that was wrong: file, path and code only. */
export interface Issue extends Origin {
  readonly code: IssueCode | ProblemCode | 'SERVER_FAULT';
  /** RECORD: the record was not loaded. PART: the rest of it was. FILE: the rest of the file. */
  readonly lost: 'RECORD' | 'PART' | 'FILE';
  readonly type?: string;
}

/** Joins a JSON path; numbers become indexes. */
export function joinPath(base: string, steps: readonly PropertyKey[]): string {
  return steps.reduce<string>(
    (path, step) =>
      typeof step === 'number'
        ? `${path}[${step}]`
        : path === ''
          ? String(step)
          : `${path}.${String(step)}`,
    base,
  );
}
