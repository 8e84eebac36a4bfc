import { buildSchema, GraphQLError, parse, validate } from 'graphql';
import { getVariableValues } from 'graphql/execution/values.js';
import { expect, test } from 'vitest';
import { withoutValues } from './without-values.ts';

const schema = buildSchema(`
  type Query { people(first: Int, sex: Sex, name: String, in: Filter): Int }
  enum Sex { FEMALE MALE }
  input Filter { name: String!, from: [Span!] }
  input Span { at: Int! }
`);
const secret = 'Asha Devi';

function told(code: string, error: GraphQLError | undefined) {
  if (error === undefined) throw new Error('nothing was wrong');
  expect(error.message, 'the value is in what the library says').toContain(secret);
  return withoutValues({ message: error.message, extensions: { code } });
}

const literals: [string, string][] = [
  [`first: "${secret}"`, 'Int cannot represent the value.'],
  [`name: {a: "${secret}"}`, 'String cannot represent the value.'],
  [`sex: "${secret}"`, '"Sex" takes no such value.'],
  [`in: "${secret}"`, 'Expected value of type "Filter", found another value.'],
];
test.each(literals)('a literal: %s', (argument, message) => {
  const [error] = validate(schema, parse(`{ people(${argument}) }`));
  expect(told('GRAPHQL_VALIDATION_FAILED', error).message).toBe(message);
});

test('an enum value that there is not keeps its suggestion, which is of the schema', () => {
  const [error] = validate(schema, parse('{ people(sex: FEMAL) }'));
  const extensions = { code: 'GRAPHQL_VALIDATION_FAILED' };
  const { message } = withoutValues({ message: error?.message ?? '', extensions });
  expect(message).toMatch(/^The value does not exist in "Sex" enum\. Did you mean .*"FEMALE"/);
});

const variables: [string, string, unknown, string][] = [
  ['a number', 'Int', secret, '$v'],
  ['a member that is missing', 'Filter', { nam: secret }, '$v'],
  ['a member deep within', 'Filter', { name: 'x', from: [{ at: secret }] }, 'v.from[0].at'],
  ['a key like a place', 'Filter', { [`x at "${secret}"`]: 1 }, '$v'],
];
test.each(variables)('a variable: %s', (_name, type, value, at) => {
  const document = parse(`query ($v: ${type}) { people(in: $v) }`);
  const [operation] = document.definitions;
  if (operation?.kind !== 'OperationDefinition') throw new Error('no operation');
  const { errors } = getVariableValues(schema, operation.variableDefinitions ?? [], { v: value });
  const error = told('BAD_USER_INPUT', errors?.[0]);
  expect(error).toEqual({
    message: 'A value is not of the form that is asked for.',
    extensions: { code: 'BAD_USER_INPUT', at },
  });
});

test('a document that does not parse', () => {
  let thrown: unknown;
  try {
    parse(`{ people(name "${secret}") }`);
  } catch (error) {
    thrown = error;
  }
  const error = thrown instanceof GraphQLError ? thrown : undefined;
  const { message } = told('GRAPHQL_PARSE_FAILED', error);
  expect(message).toBe('Syntax Error: Expected ":", found String.');
});

test('what others say is left as it is', () => {
  const error = { message: secret, extensions: { code: 'FORBIDDEN' } };
  expect(withoutValues(error)).toBe(error);
});
