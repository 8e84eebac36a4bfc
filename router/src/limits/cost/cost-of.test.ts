import { parse } from 'graphql';
import { expect, test } from 'vitest';
import { readCostModel } from './cost-model.ts';
import { costOf, type CostOptions } from './cost-of.ts';

const model = readCostModel(`
schema
  @link(url: "https://specs.apollo.dev/link/v1.0")
  @link(url: "https://specs.apollo.dev/cost/v0.1", import: ["@listSize"])
{ query: Query mutation: Mutation }
directive @link(url: String, as: String, import: [String]) repeatable on SCHEMA
directive @cost(weight: Int!) on ARGUMENT_DEFINITION | ENUM | FIELD_DEFINITION | INPUT_FIELD_DEFINITION | OBJECT | SCALAR
directive @listSize(assumedSize: Int, slicingArguments: [String!], sizedFields: [String!], requireOneSlicingArgument: Boolean = true) on FIELD_DEFINITION
type Query {
  one: Thing
  many: [Thing!]
  few: [Thing!]! @listSize(assumedSize: 3)
  pages(first: Int! = 50, after: String): Pages @listSize(slicingArguments: ["first"], sizedFields: ["edges"]) @cost(weight: 5)
  either(first: Int, last: Int): [Thing] @listSize(slicingArguments: ["first", "last"])
  any(first: Int, last: Int): [Thing] @listSize(slicingArguments: ["first", "last"], assumedSize: 7, requireOneSlicingArgument: false)
  search(text: String @cost(weight: 20), filter: Filter): Int
  node: Node
  dear: Dear
}
type Pages { edges: [Edge!]! total: Int other: [Edge!] }
type Edge { cursor: String node: Thing }
interface Node { id: ID! parts: [Thing!] @listSize(assumedSize: 2) heavy: Int }
type Thing implements Node { id: ID! name: String @cost(weight: 2) parts: [Thing!] child: Thing heavy: Int @cost(weight: 9) }
type Dear @cost(weight: 30) { id: ID! }
input Filter { words: [Word!] limit: Int @cost(weight: 4) }
input Word { text: String }
type Mutation { write(entries: [Filter!]!): [Thing!]! @listSize(assumedSize: 4) touch: Int }
`);

function cost(text: string, variables: Record<string, unknown> = {}, options?: CostOptions) {
  const costed = costOf(model, parse(text), variables, options);
  return costed.kind === 'costed' ? costed.cost : costed;
}

test.each([
  ['a scalar', '{ __typename }', 0],
  ['an object', '{ one { id } }', 1],
  ['a weighted field', '{ one { name } }', 3],
  ['a weighted type', '{ dear { id } }', 30],
  ['a list of unknown size', '{ many { id } }', 10],
  ['a list of assumed size', '{ few { name child { id } } }', 3 * (1 + 2 + 1)],
  ['a page', '{ pages(first: 7) { edges { node { id } } } }', 5 + 7 * (1 + 1)],
  ['a page of the default size', '{ pages { edges { cursor } } }', 5 + 50],
  ['a list beside the sized one', '{ pages(first: 7) { other { cursor } } }', 5 + 10],
  ['pages in pages', '{ few { parts { id } } }', 3 * (1 + 2)],
  ['one slicing argument', '{ either(last: 6) { id } }', 6],
  ['the larger slicing argument', '{ any(first: 2, last: 6) { id } }', 6],
  ['no slicing argument needed', '{ any { id } }', 7],
  ['a weighted argument', '{ search(text: "a") }', 20],
  [
    'input objects',
    '{ search(filter: { words: [{ text: "a" }, { text: "b" }], limit: 3 }) }',
    1 + 2 + 4,
  ],
  ['a field through an interface', '{ node { heavy } }', 1 + 9],
  ['a mutation', 'mutation { touch }', 10],
  ['a mutation twice', 'mutation { a: touch b: touch }', 20],
  ['a batch', 'mutation { write(entries: [{}, {}]) { id } }', 10 + 2 + 4],
  ['introspection', '{ __schema { types { fields { name } } } }', 0],
  ['what is skipped', '{ many @skip(if: true) { id } one @include(if: false) { id } }', 0],
])('%s', (_what, text, expected) => {
  expect(cost(text)).toBe(expected);
});

test('variables decide on sizes, inputs and what is left out', () => {
  const text =
    'query ($n: Int = 3, $f: Filter, $with: Boolean!) { pages(first: $n) { edges { cursor } } search(filter: $f) many @include(if: $with) { id } }';
  expect(cost(text, { with: false })).toBe(5 + 3);
  expect(cost(text, { n: 100, with: true })).toBe(5 + 100 + 10);
  expect(cost(text, { f: { words: [{}, {}], limit: 1 }, with: false })).toBe(5 + 3 + 1 + 2 + 4);
});

test('a negative size pays for nothing else', () => {
  expect(cost('{ pages(first: -1000) { edges { node { id } } } many { id } }')).toBe(5 + 10);
});

test('exactly one slicing argument is needed where the schema says so', () => {
  const missing = { kind: 'slicing-argument-missing', coordinate: 'Query.either' };
  expect(cost('{ either { id } }')).toEqual(missing);
  expect(cost('{ either(first: 1, last: 2) { id } }')).toEqual(missing);
});

test('the worst case takes the worst size wherever a variable decides', () => {
  const text =
    'query ($n: Int = 1, $with: Boolean!) { pages(first: $n) { edges { cursor } } many @include(if: $with) { id } }';
  expect(cost(text, {}, { worstListSize: 200 })).toBe(5 + 200 + 10);
  expect(cost('{ pages { edges { cursor } } }', {}, { worstListSize: 200 })).toBe(5 + 50);
});

test('bushy fragments are counted without being written out, and never beyond a number', () => {
  const fragments = Array.from(
    { length: 400 },
    (_, i) =>
      `fragment F${i} on Thing { ${i < 399 ? `...F${i + 1} child { ...F${i + 1} }` : 'name'} }`,
  );
  expect(cost(`{ one { ...F0 } } ${fragments.join(' ')}`)).toBe(Number.MAX_SAFE_INTEGER);
});

test('a sized list inside a fragment takes the size of the field that spreads it', () => {
  const text =
    '{ a: pages(first: 2) { ...P } b: pages(first: 9) { ...P } } fragment P on Pages { edges { cursor } }';
  expect(cost(text)).toBe(5 + 2 + 5 + 9);
});

test('the named operation is counted', () => {
  const text = 'query A { one { id } } query B { few { id } }';
  expect(cost(text, {}, { operationName: 'B' })).toBe(3);
  expect(cost(text)).toEqual({ kind: 'operation-not-found' });
});
