/** What certificates and records of erasures are made of: no floating point numbers, no dates. */
export type PlainJson =
  string | number | boolean | null | readonly PlainJson[] | { readonly [name: string]: PlainJson };

/**
 * One text for one value, whoever writes it: members in the order of their names, no blanks. The
 * rules are those of RFC 8785 for what occurs here; numbers are whole.
 *
 * @throws RangeError for a number that is not a safe integer
 * @example canonicalJson({ b: 1, a: ['x'] }) // {"a":["x"],"b":1}
 */
export function canonicalJson(value: PlainJson): string {
  if (typeof value === 'number' && !Number.isSafeInteger(value)) {
    throw new RangeError('only whole numbers have a canonical text here');
  }
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (isList(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const members = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return `{${members.map(([name, of]) => `${JSON.stringify(name)}:${canonicalJson(of)}`).join(',')}}`;
}

function isList(value: object): value is readonly PlainJson[] {
  return Array.isArray(value);
}
