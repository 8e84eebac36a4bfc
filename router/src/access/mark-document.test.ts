import { buildSchema, Kind, parse, print, type OperationDefinitionNode } from 'graphql';
import { describe, expect, test } from 'vitest';
import { deniedCoordinates } from './denied-coordinates.ts';
import { createNeeds } from './field-needs.ts';
import { filterDocument } from './filter-document.ts';
import { markOperation } from './mark-document.ts';
import { createRestore } from './restore-answer.ts';

/** Documents that stand for far more fields than they have letters. */

const schema = buildSchema(`
  interface Node { a: Node b: Int secret: Int }
  type Query implements Node { a: Node b: Int secret: Int }
  type Open implements Node { a: Node b: Int secret: Int }
  type Shut implements Node { a: Node b: Int secret: Int }`);
const rules = {
  requirements: [{ authenticated: true, scopes: [['patient:read']], policies: [] }],
  types: new Map<string, number>(),
  fields: new Map(['Query', 'Open', 'Shut'].map((type) => [`${type}.secret`, 0])),
};

/** Marks a document for somebody who may not ask `secret`, and counts how many fields were judged. */
function mark(text: string) {
  const document = parse(text);
  const [operation] = document.definitions.filter(
    (one): one is OperationDefinitionNode => one.kind === Kind.OPERATION_DEFINITION,
  );
  if (operation === undefined) throw new Error('no operation');
  const needs = createNeeds(schema, rules);
  let judged = 0;
  const needsOf: typeof needs = (...asked) => ((judged += 1), needs(...asked));
  const root = markOperation(document, operation, { schema, needsOf, isMet: () => false });
  return { document, operation, root, judged };
}

/** Fragments of which each stands for two of the next. */
const doubling = (count: number, twice: (next: string) => string, last: string) =>
  Array.from({ length: count }, (_, i) => {
    const within = i + 1 < count ? twice(`...F${i + 1}`) : last;
    return `fragment F${i} on Node { b ${within} }`;
  }).join(' ');

const bushy = (count: number) => `{ ...F0 } ${doubling(count, (f) => `${f} ${f}`, 'secret')}`;
const deep = (count: number) =>
  `{ ...F0 } ${doubling(count, (f) => `a { ${f} } a { ... on Open { ${f} } ${f} }`, 'secret')}`;

describe('a document of 2 to the power of 200 paths', () => {
  test('is judged field by field of its text', () => {
    const { judged, root } = mark(bushy(200));
    expect(judged).toBe(201);
    expect(deniedCoordinates(root)).toEqual(['Query.secret']);
  });

  test('is judged once more for each type that a fragment is spread in', () => {
    // Query; then Node and Open, each with b and two a's in all but the last fragment.
    const { judged, root } = mark(deep(200));
    expect(judged).toBeLessThan(3 * 3 * 200);
    expect(deniedCoordinates(root)).toEqual(['Node.secret', 'Open.secret']);
  });

  test('leaves a document that is no longer than its types make it', () => {
    for (const text of [bushy(200), deep(200)]) {
      const { document, operation, root } = mark(text);
      const left = print(filterDocument(document, operation, root).document);
      expect(left).not.toContain('secret');
      expect(left.length).toBeLessThan(6 * print(document).length);
    }
  });

  test('fills an answer without writing fragments out', () => {
    const { document, operation, root } = mark(bushy(200));
    const { typeAlias } = filterDocument(document, operation, root);
    const restore = createRestore({ schema, root, typeAlias, maxGaps: 10 });
    expect(restore({ b: 1 }, {})).toMatchObject({ data: { b: 1, secret: null }, gapCount: 1 });
  });
});
