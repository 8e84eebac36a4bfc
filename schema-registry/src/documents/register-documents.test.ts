import { expect, test } from 'vitest';
import { composeSupergraph } from '../compose-supergraph.ts';
import { documentIdOf, readManifest } from './manifest.ts';
import { registerDocuments, type RegistrationOptions } from './register-documents.ts';

const partner = '0190b5c0-5a1e-7c3d-9f24-6b8e1d7a4c52';

const sdl = `
extend schema @link(
  url: "https://specs.apollo.dev/federation/v2.12"
  import: ["@key", "@authenticated", "@requiresScopes", "@policy"]
)
scalar UUID
scalar Date
enum Sex { FEMALE MALE }
type Query {
  patient(id: UUID!): Patient
  patients(sex: Sex, bornFrom: Date, name: String, first: Int! = 50): [Patient!]
  secrets: [Secret!] @requiresScopes(scopes: [["patient:read", "staff:write"]])
}
type Mutation { rename(id: UUID!, name: String!): Patient @requiresScopes(scopes: [["patient:write"]]) }
type Patient @key(fields: "id") @requiresScopes(scopes: [["patient:read"]]) {
  id: UUID!
  name: String
  history: [String!] @requiresScopes(scopes: [["audit:read"]])
  trail: [String!] @policy(policies: [["audits-institution"]])
}
type Secret @requiresScopes(scopes: [["staff:write"]]) { id: UUID! }
`;

function compose(text: string): string {
  const composition = composeSupergraph([
    { name: 'patient', url: 'http://patient', typeDefs: [{ path: 'patient.graphql', text }] },
  ]);
  if (composition.kind === 'refused') throw new Error(JSON.stringify(composition.problems));
  return composition.supergraphSdl;
}
const supergraphSdl = compose(sdl);

function register(texts: readonly string[], options: Partial<RegistrationOptions> = {}) {
  const sources = texts.map((text, index) => ({ path: `${index}.graphql`, text }));
  return registerDocuments({ client: 'field-app', sources, supergraphSdl, ...options });
}

function registered(texts: readonly string[], options: Partial<RegistrationOptions> = {}) {
  const registration = register(texts, options);
  if (registration.kind === 'refused') throw new Error(registration.problems.join('\n'));
  return registration;
}

function problemsOf(texts: readonly string[], options: Partial<RegistrationOptions> = {}) {
  const registration = register(texts, options);
  return registration.kind === 'refused' ? registration.problems : [];
}

const byId = 'query ById($id: UUID!) { patient(id: $id) { id name } }';

test('layout and comments make no new document, and fragments follow by name', () => {
  const one = `query Q { patients { ...B ...A } } fragment B on Patient { id } fragment A on Patient { name }`;
  const other = `# again\nfragment A on Patient{name}\nquery   Q{patients{...B,...A}}fragment B on Patient{id}`;
  const { manifest, text } = registered([one]);
  expect(registered([other]).text).toBe(text);
  const [operation] = manifest.operations;
  expect(operation?.body).toMatch(/^query Q \{[^]*fragment A[^]*fragment B/);
  expect(operation?.id).toBe(documentIdOf(operation?.body ?? ''));
  expect(registered([one.replace('name', 'id')]).manifest.operations[0]?.id).not.toBe(
    operation?.id,
  );
});

test('what is registered reads back as it is', () => {
  const { manifest, text } = registered([
    byId,
    'mutation M($id: UUID!) { rename(id: $id, name: "A") { id } }',
  ]);
  expect(readManifest(text)).toEqual({ kind: 'read', manifest });
  expect(manifest.operations.map(({ name, type, get }) => [name, type, get])).toEqual([
    ['ById', 'query', true],
    ['M', 'mutation', undefined],
  ]);
});

test('a manifest of another generator keeps its bodies and ids', () => {
  const body = 'query   Odd {\n patients { id }\n}';
  const manifest = {
    format: 'apollo-persisted-query-manifest',
    version: 1,
    operations: [{ id: documentIdOf(body), name: 'Odd', type: 'query', body }],
  };
  const sources = [{ path: 'generated.json', text: JSON.stringify(manifest) }];
  expect(registered([], { sources }).manifest.operations).toEqual([
    { ...manifest.operations[0], get: true },
  ]);
});

test.each([
  ['a syntax error', 'query Q {', 'SYNTAX_ERROR'],
  ['an unknown field', 'query Q { nothing }', 'Cannot query field'],
  ['no name', '{ patients { id } }', 'no name'],
  [
    'two operations',
    'query A { patients { id } } query B { patients { id } }',
    'not one operation',
  ],
  ['only fragments', 'fragment A on Patient { id }', 'not one operation'],
  ['an unused fragment', 'query Q { patients { id } } fragment A on Patient { id }', 'never used'],
  ['a type of its own', 'query Q { patients { id } } type X { id: ID }', 'not executable'],
  ['a directive that is not there', 'query Q { patients @x { id } }', 'Unknown directive'],
])('a document with %s is refused', (_, text, problem) => {
  expect(problemsOf([text]).join()).toContain(problem);
});

test('two documents of one name, no documents and wrong clients are refused', () => {
  expect(problemsOf([byId, byId]).join()).toContain('two documents');
  expect(problemsOf([]).join()).toContain('no documents');
  for (const client of ['../x', 'A', '', 'x.json', `${partner}x`]) {
    expect(problemsOf([byId], { client })).toHaveLength(1);
  }
});

test('a partner asks nothing that its role can never see', () => {
  const fine = { client: partner };
  expect(problemsOf([byId], fine)).toEqual([]);
  const cases = {
    'query Q { patients { history } }': 'Patient.history',
    'query Q { patients { ... { a: trail } } }': 'Patient.trail',
    'query Q { patients { ...F } } fragment F on Patient { history }': 'Patient.history',
    'query Q { secrets { id } }': 'Query.secrets',
    'mutation M($id: UUID!) { rename(id: $id, name: "A") { id } }': 'Mutation.rename',
  };
  for (const [text, field] of Object.entries(cases)) {
    expect(problemsOf([text], fine).join()).toContain(field);
  }
  // Some of those who use the field app may: a clinician reads the history, nobody the secrets.
  expect(problemsOf(['query Q { patients { history } }'])).toEqual([]);
  expect(problemsOf(['query Q { secrets { id } }']).join()).toContain('Query.secrets');
});

test.each([
  ['query Q { patients { id } }', true],
  [
    'query Q($id: UUID!, $first: Int!) { patient(id: $id) { id } patients(first: $first) { id } }',
    true,
  ],
  ['query Q($sex: Sex, $on: Boolean!) { patients(sex: $sex) { id @include(if: $on) } }', true],
  ['query Q($from: Date) { patients(bornFrom: $from) { id } }', undefined],
  ['query Q($name: String) { patients(name: $name) { id } }', undefined],
])('%s: GET %s', (text, get) => {
  expect(registered([text]).manifest.operations[0]?.get).toBe(get);
});

test('says what was added, removed and changed, and what that breaks', () => {
  const second = 'query Second { patients { id } }';
  const earlier = registered([byId, second, 'query Gone { patients { id } }']).text;
  const { changes } = registered(
    [
      'query ById($id: UUID!, $with: Boolean!) { patient(id: $id) { id who: name @include(if: $with) } }',
      'query Second($name: String) { patients(name: $name) { id name } }',
      'query New { patients { id } }',
    ],
    { earlier },
  );
  expect(changes).toEqual([
    {
      kind: 'changed',
      name: 'ById',
      breaking: ['asks for a variable $with', 'does not answer patient.name any more'],
    },
    { kind: 'removed', name: 'Gone', breaking: ['it is gone'] },
    { kind: 'added', name: 'New', breaking: [] },
    { kind: 'changed', name: 'Second', breaking: ['GET is not offered any more'] },
  ]);
  expect(registered([byId], { earlier: registered([byId]).text }).changes).toEqual([]);
});

test('a document over a limit is refused with its reason', () => {
  const assess = () => ({ cost: 12, problems: ['costs up to 12'] });
  expect(problemsOf([byId], { assess })).toEqual(['0.graphql: ById: costs up to 12']);
  const costs = registered([byId], { assess: () => ({ cost: 3, problems: [] }) }).costs;
  expect([...costs]).toEqual([['ById', 3]]);
});

test.each([
  ['no JSON', '{'],
  ['another format', '{"format":"x","version":1,"operations":[]}'],
  ['another version', '{"format":"apollo-persisted-query-manifest","version":2,"operations":[]}'],
])('a manifest of %s is refused', (_, text) => {
  expect(readManifest(text).kind).toBe('refused');
});

test('a body under the id of another is refused', () => {
  const { text } = registered([byId]);
  expect(readManifest(text.replace('id\\n    name', 'id')).kind).toBe('refused');
  expect(text).toContain('id\\n    name');
});
