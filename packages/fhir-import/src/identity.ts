import { unescape } from 'node:querystring';
import type { Identifier, Reference } from './fhir/element.ts';

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const restUrl = /^(https?:\/\/.+)\/([A-Za-z]+)\/([A-Za-z0-9\-.]{1,64})(\/_history\/.*)?$/;
const relativeUrl = /^([A-Za-z]+)\/([A-Za-z0-9\-.]{1,64})(\/_history\/.*)?$/;

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
