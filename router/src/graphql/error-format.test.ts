import { parse } from 'graphql';
import { expect, test } from 'vitest';
import { formatError } from './error-format.ts';

const secret = 'Rehana 9876543210';
/** The words of the secret that a lexer may cut it into. */
const words = /Rehana|9876543210/;

test.each([
  [
    'BAD_USER_INPUT',
    `Variable "$vitals" got invalid value { name: "${secret}" }; Field is missing.`,
  ],
  ['GRAPHQL_VALIDATION_FAILED', `Int cannot represent non-integer value: "${secret}"`],
  ['INTERNAL_SERVER_ERROR', `${secret} is not a number`],
])('no value leaves with %s', (code, message) => {
  expect(JSON.stringify(formatError({ message, extensions: { code } }))).not.toMatch(words);
});

test('what a subgraph said of a place stays', () => {
  const extensions = { code: 'BAD_USER_INPUT', at: 'filter.from' };
  expect(formatError({ message: 'x', extensions }).extensions).toEqual(extensions);
});

test.each([
  `{ note(text: "${secret}`,
  `{ note "${secret}" }`,
  '{ note 9876543210 }',
  '{ note("""a\nRehana""" }',
])('a syntax error does not quote what stands at its place: %s', (query) => {
  const told = { message: '', extensions: { code: 'GRAPHQL_PARSE_FAILED' } };
  try {
    parse(query);
  } catch (error) {
    if (error instanceof Error) told.message = error.message;
  }
  const { message } = formatError(told);
  expect(message).toMatch(/^Syntax Error: ./);
  expect(message).not.toMatch(words);
});
