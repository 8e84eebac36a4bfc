import { buildSchema, parse, validate, specifiedRules } from 'graphql';
import { expect, test } from 'vitest';
import { defaultLimits } from '../limits-config.ts';
import { createDocumentLimitsRule } from './document-limits.ts';
import { measureDocument } from './document-shape.ts';

const schema = buildSchema('type Query { a: Query b: Int list: [Query] }');
const rule = createDocumentLimitsRule({ ...defaultLimits, maxDepth: 5, maxAliases: 3 });

function breachOf(text: string) {
  const errors = validate(schema, parse(text), [...specifiedRules, rule]);
  return errors.map(({ extensions, message }) => extensions['documentLimit'] ?? message);
}

/** Fragments that each spread the next twice: 2 to the power of `count` fields. */
function bushy(count: number): string {
  const fragments = Array.from(
    { length: count },
    (_, i) => `fragment F${i} on Query { ${i + 1 < count ? `...F${i + 1} ...F${i + 1}` : 'b'} }`,
  );
  return `{ ...F0 } ${fragments.join(' ')}`;
}

test('a document within all limits is judged by the other rules', () => {
  expect(breachOf('{ a { b } }')).toEqual([]);
  expect(breachOf('{ nobody }')).toEqual(['Cannot query field "nobody" on type "Query".']);
});

test.each([
  ['depth', '{ a { a { a { a { a { b } } } } } }', 5, 6],
  [
    'depth',
    '{ a { ...F } } fragment F on Query { a { ...G } } fragment G on Query { a { a { a { b } } } }',
    5,
    6,
  ],
  ['depth', '{ a { ... on Query { ... { a { a { a { a { b } } } } } } } }', 5, 6],
  ['aliases', '{ w: b x: b y: b z: b }', 3, 4],
  ['aliases', '{ ...F ...F } fragment F on Query { x: b y: b }', 3, 4],
  ['root-fields', `{ ${'b '.repeat(21)} }`, 20, 21],
  ['root-fields', `{ ...F ...F } fragment F on Query { ${'b '.repeat(11)} }`, 20, 22],
  ['directives', '{ b @a @a @a @a @a }', 4, 5],
  [
    'directives',
    `{ ${'... @include(if: true) '.repeat(0)}${'a { b @skip(if: false) } '.repeat(4)}${'...F '.repeat(15)} } fragment F on Query { a { b @skip(if: false) @include(if: true) @x @y } }`,
    60,
    64,
  ],
  ['fields', `{ a { ${'b '.repeat(600)} } }`, 600, 601],
])('%s: %#', (limit, text, max, found) => {
  const [breach, ...others] = breachOf(text);
  // Only the limit speaks: no other rule saw the document.
  expect(others).toEqual([]);
  expect(breach).toEqual({ limit, max, found });
});

test.each([
  ['itself', '{ ...F } fragment F on Query { ...F }'],
  ['another', '{ ...F } fragment F on Query { a { ...G } } fragment G on Query { a { ...F } }'],
  ['unused', '{ b } fragment F on Query { a { ...F } }'],
])('a fragment in a circle is refused: %s', (_what, text) => {
  expect(breachOf(text)).toEqual([{ limit: 'fragment-cycle', max: 0 }]);
});

test('bushy fragments are measured without being written out', () => {
  const measured = measureDocument(parse(bushy(200)));
  expect(measured).toMatchObject({ kind: 'measured', shape: { depth: 1, fields: 2 ** 199 } });
  expect(breachOf(bushy(200))).toEqual([{ limit: 'fields', max: 600, found: 2 ** 199 }]);
});

test('each node is looked at once, however often its fragment is spread', () => {
  let looks = 0;
  const document = parse(bushy(60));
  for (const definition of document.definitions) {
    if (definition.kind !== 'FragmentDefinition') continue;
    const { selections } = definition.selectionSet;
    Object.defineProperty(definition.selectionSet, 'selections', {
      get: () => (looks++, selections),
    });
  }
  measureDocument(document);
  expect(looks).toBe(60);
});

test('the largest of several operations decides', () => {
  expect(breachOf('query A { b } query B { w: b x: b y: b z: b }')).toEqual([
    { limit: 'aliases', max: 3, found: 4 },
  ]);
});

test('a missing fragment is the affair of the other rules', () => {
  expect(breachOf('{ ...Nobody }')).toEqual(['Unknown fragment "Nobody".']);
});
