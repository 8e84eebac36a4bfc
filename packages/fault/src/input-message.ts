/**
 * What graphql-js says of a wrong variable, as the place alone. Its message quotes the value, and
 * with it all that was sent beside it, which may be a patient's.
 *
 * Keys of the value stand unquoted in the message: only a path below the variable is believed.
 *
 * @param message of graphql-js 16 about a variable
 * @returns `at`: the path of the value, or the variable; empty when the message is of no variable
 * @example inputPlace('Variable "$a" got invalid value 7 at "a.b[0]"; …'); // { at: 'a.b[0]' }
 */
export function inputPlace(message: string): Record<string, string> {
  const variable = /^Variable "\$(\w+)"/.exec(message)?.[1];
  if (variable === undefined) return {};
  const places = [...message.matchAll(/ at "([\w.[\]]+)"/g)].map((match) => match[1] ?? '');
  return { at: places.findLast((place) => /^\w+/.exec(place)?.[0] === variable) ?? `$${variable}` };
}

/**
 * What validation says of a document, without the literals that the document held: they may be a
 * patient's as well. Names of types, fields and enum values stay.
 *
 * @param message of a validation rule of graphql-js 16
 * @example withoutLiterals('Int cannot represent non-integer value: "Asha"');
 */
export function withoutLiterals(message: string): string {
  return message
    .replace(/(found|got invalid value|Unexpected value) .*$/s, '$1 another value.')
    .replace(/^Enum ("\w+") cannot represent non-enum value: .*$/s, '$1 takes no such value.')
    .replace(/cannot represent [^:]*: .*$/s, 'cannot represent the value.')
    .replace(/^Value .* does not exist in ("\w+" enum)/s, 'The value does not exist in $1');
}
