import { createHash } from 'node:crypto';
import { unescape } from 'node:querystring';
import type { Identifier, Reference } from './fhir/element.ts';

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const restUrl = /^(https?:\/\/.+)\/([A-Za-z]+)\/([A-Za-z0-9\-.]{1,64})(\/_history\/.*)?$/;
const relativeUrl = /^([A-Za-z]+)\/([A-Za-z0-9\-.]{1,64})(\/_history\/.*)?$/;
const lastMillisecond = 2 ** 48 - 1;

/** The namespace of ids when an import is given none. */
export const defaultSource = 'urn:caregraph:fhir-import';

/** Where a bare `Type/id` belongs: the server in the entry's full URL, else the named source. */
export interface Naming {
  readonly source: string;
  readonly fullUrl?: string | undefined;
}

export interface Named extends Naming {
  readonly type: string;
  readonly id?: string | undefined;
  readonly identifiers?: readonly Identifier[] | undefined;
}

/**
 * A UUIDv7 (RFC 9562 §5.7) that the same input always gives: time from the record, the rest from
 * SHA-256 over what it is.
 *
 * People get no time (0): the date of birth must not be readable from an id that stands in logs
 * and URLs, and a corrected one must not make them another person.
 *
 * @param kind what is named, e.g. `Checkup`, so that two things of one resource get two ids
 * @param identity what makes it the same thing again
 * @param atMs milliseconds since 1970; what lies before is 0
 * @example stableId('Patient', 'urn:uuid:3190019b-…')
 */
export function stableId(kind: string, identity: string, atMs = 0): string {
  const bytes = createHash('sha256').update(`${kind}\n${identity}`).digest().subarray(0, 16);
  bytes.writeUIntBE(Math.min(Math.max(Math.trunc(atMs), 0), lastMillisecond), 0, 6);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x70, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex');
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20),
  ].join('-');
}

/**
 * The institution of whoever has none in the source: practitioners of no organization, and an
 * importer of its own.
 *
 * @param source the namespace of the source's ids, as the import is given it
 */
export function importInstitutionId(source: string): string {
  return stableId('Institution', `${source}\nnot stated`);
}

/**
 * The names that a resource goes by; the first is its identity. A UUID names it wherever it comes
 * from; another id only within its server or source.
 */
export function namesOf(named: Named): string[] {
  const { type, id, fullUrl, identifiers = [] } = named;
  const names: string[] = [];
  if (fullUrl?.startsWith('urn:')) names.push(fullUrl.toLowerCase());
  if (id !== undefined && uuidPattern.test(id)) names.push(`urn:uuid:${id.toLowerCase()}`);
  if (id !== undefined) names.push(localName(named, type, id));
  for (const { system, value } of identifiers) {
    if (value !== undefined) names.push(identifierName(type, system, value));
  }
  return [...new Set(names)];
}

/**
 * The name that a reference asks for: `urn:uuid:…`, `Type/id`, a server's URL, a conditional
 * `Type?identifier=system|value`, or an identifier without a reference.
 *
 * @param type the type that the element allows; a reference to another one names nothing
 */
export function nameInReference(
  { reference, identifier }: Reference,
  type: string,
  naming: Naming,
): string | undefined {
  if (reference === undefined) {
    const value = identifier?.value;
    return value === undefined ? undefined : identifierName(type, identifier?.system, value);
  }
  if (reference.startsWith('urn:')) return reference.toLowerCase();
  const conditional = reference.split('?identifier=');
  if (conditional.length === 2) return conditionalName(type, conditional);
  const [, base, urlType, urlId] = restUrl.exec(reference) ?? [];
  const [, relativeType, relativeId] = relativeUrl.exec(reference) ?? [];
  const id = urlId ?? relativeId;
  if (id === undefined || (urlType ?? relativeType) !== type) return undefined;
  if (uuidPattern.test(id)) return `urn:uuid:${id.toLowerCase()}`;
  return base === undefined ? localName(naming, type, id) : `${base}/${type}/${id}`;
}

function localName({ source, fullUrl }: Naming, type: string, id: string): string {
  const base = restUrl.exec(fullUrl ?? '')?.[1];
  return base === undefined ? `${source}|${type}/${id}` : `${base}/${type}/${id}`;
}

function conditionalName(type: string, [of, query = '']: readonly string[]): string | undefined {
  if (of !== type) return undefined;
  const token = unescape(query.split('&')[0] ?? '');
  const bar = token.indexOf('|');
  return identifierName(type, token.slice(0, Math.max(bar, 0)), token.slice(bar + 1));
}

function identifierName(type: string, system: string | undefined, value: string): string {
  return `${type}?identifier=${system ?? ''}|${value}`;
}
