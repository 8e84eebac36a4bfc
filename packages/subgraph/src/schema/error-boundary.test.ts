import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLogger } from '@caregraph/observability';
import { createNoteGraph, secret, type NoteGraph } from '../test-graph.ts';

let graph: NoteGraph;
let token: string;
const lines: string[] = [];

beforeAll(async () => {
  const destination = { write: (line: string) => void lines.push(line) };
  const log = createLogger({ service: 'test', level: 'debug', destination });
  graph = await createNoteGraph(() => ({ log }));
  token = await graph.token({ roles: ['health_worker'] });
});
afterAll(() => graph.stop());

/** The words of the secret that a lexer may cut it into. */
const words = /Rehana|9876543210/;
const notesOf = 'query ($filter: NoteFilter!) { notesOf(filter: $filter) { id } }';
const literal = (filter: string) => `{ notesOf(filter: ${filter}) { id } }`;

const cases: [what: string, query: string, variables: Record<string, unknown>, code: string][] = [
  ['an open string', `{ note(id: "${secret}`, {}, 'GRAPHQL_PARSE_FAILED'],
  ['a misplaced string', `{ note "${secret}" }`, {}, 'GRAPHQL_PARSE_FAILED'],
  ['a misplaced number', '{ note 9876543210 }', {}, 'GRAPHQL_PARSE_FAILED'],
  ['a literal UUID', `{ note(id: "${secret}") { id } }`, {}, 'BAD_USER_INPUT'],
  ['a literal date', literal(`{ writtenOn: "${secret}" }`), {}, 'BAD_USER_INPUT'],
  ['a literal Int', literal(`{ count: "${secret}" }`), {}, 'GRAPHQL_VALIDATION_FAILED'],
  ['a literal too large', literal('{ count: 9876543210 }'), {}, 'GRAPHQL_VALIDATION_FAILED'],
  ['a literal Boolean', literal(`{ flag: "${secret}" }`), {}, 'GRAPHQL_VALIDATION_FAILED'],
  ['a literal enum', literal('{ mood: Rehana }'), {}, 'GRAPHQL_VALIDATION_FAILED'],
  ['a literal enum text', literal(`{ mood: "${secret}" }`), {}, 'GRAPHQL_VALIDATION_FAILED'],
  ['a literal for an object', literal(`"${secret}"`), {}, 'GRAPHQL_VALIDATION_FAILED'],
  [
    'a literal block text',
    literal(`{ writtenOn: """found\n${secret}: ${secret}""" }`),
    {},
    'BAD_USER_INPUT',
  ],
  [
    'a literal deep in a list',
    literal(`{ between: [{ from: "2026-01-01T00:00:00Z" }, { from: "${secret}" }] }`),
    {},
    'BAD_USER_INPUT',
  ],
  [
    'a directive',
    `{ caller @include(if: "${secret}") { purpose } }`,
    {},
    'GRAPHQL_VALIDATION_FAILED',
  ],
  ['a variable', notesOf, { filter: secret }, 'BAD_USER_INPUT'],
  ['a variable date', notesOf, { filter: { writtenOn: secret } }, 'BAD_USER_INPUT'],
  ['a variable enum', notesOf, { filter: { mood: secret } }, 'BAD_USER_INPUT'],
  ['a variable list', notesOf, { filter: { patientIds: [secret] } }, 'BAD_USER_INPUT'],
  [
    'a variable deep in a list',
    notesOf,
    { filter: { between: [{ from: secret }] } },
    'BAD_USER_INPUT',
  ],
  ['an unknown member', notesOf, { filter: { [secret]: 1 } }, 'BAD_USER_INPUT'],
  ['a member like a place', notesOf, { filter: { 'x at "Rehana"': 1 } }, 'BAD_USER_INPUT'],
  ['a fault', '{ throwing(kind: "fault") }', {}, 'CURSOR_INVALID'],
  ['a row that breaks a rule', '{ throwing(kind: "database") }', {}, 'INTERNAL'],
  ['a value that does not cast', '{ throwing(kind: "cast") }', {}, 'INTERNAL'],
  ['a fault that passes', '{ throwing(kind: "transient") }', {}, 'STORE_UNAVAILABLE'],
  ['an error with extensions', '{ throwing(kind: "unknown") }', {}, 'INTERNAL'],
  ['a thrown text', '{ throwing(kind: "text") }', {}, 'INTERNAL'],
];

test.each(cases)(
  '%s is refused with its code, and no value leaves',
  async (_what, query, variables, code) => {
    lines.length = 0;
    const answer = await graph.ask(token, query, variables);
    expect(answer.errors.map((error) => error.extensions.code)).toEqual([code]);
    expect(JSON.stringify(answer)).not.toMatch(words);
    expect(lines.join('')).not.toMatch(words);
  },
);

test('a refused variable is told by its place', async () => {
  const filter = { between: [{ from: '2026-01-01T00:00:00Z' }, { from: secret }] };
  const { errors } = await graph.ask(token, notesOf, { filter });
  expect(errors[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', at: 'filter.between[1].from' });
  const missing = await graph.ask(token, notesOf);
  expect(missing.errors[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', at: '$filter' });
});

test('names of the schema stay in what validation says', async () => {
  const { errors } = await graph.ask(token, literal(`{ count: "${secret}" }`));
  expect(errors[0]?.message).toBe('Int cannot represent the value.');
});

test('an operation that is not in the document, and a persisted query, have codes of their own', async () => {
  const ask = async (body: unknown) => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const answer = await graph.subgraph.execute({ method: 'POST', headers, search: '', body });
    return answer.body.kind === 'complete'
      ? JSON.parse(answer.body.string).errors[0].extensions
      : {};
  };
  expect(await ask({ query: 'query A { caller { purpose } }', operationName: secret })).toEqual({
    code: 'BAD_REQUEST',
    reason: 'OPERATION_NOT_FOUND',
  });
  const persistedQuery = { version: 1, sha256Hash: 'a'.repeat(64) };
  expect(await ask({ extensions: { persistedQuery } })).toEqual({
    code: 'PERSISTED_QUERY_NOT_SUPPORTED',
  });
});
