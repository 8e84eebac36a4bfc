import fc from 'fast-check';
import { buildSchema, parse } from 'graphql';
import { expect, test } from 'vitest';
import { both, demandsOnTheWay, implies, type Demand } from './access-demand.ts';
import { accessRulesOf } from './access-rules.ts';

const names = ['a', 'b', 'c', 'd'];
/** Everybody there can be: one for each set of names that they hold. */
const holders = Array.from(
  { length: 2 ** names.length },
  (_, bits) => new Set(names.filter((_name, at) => bits & (1 << at))),
);
const lets = (demand: Demand, held: ReadonlySet<string>) =>
  demand.some((way) => [...way].every((name) => held.has(name)));
const demand = fc
  .array(fc.subarray(names), { maxLength: 4 })
  .map((ways) => ways.map((way) => new Set(way)));

test('one demand implies another when it lets in nobody whom the other keeps out', () => {
  fc.assert(
    fc.property(demand, demand, (one, other) => {
      const nobody = !holders.some((held) => lets(one, held) && !lets(other, held));
      expect(implies(one, other)).toBe(nobody);
    }),
  );
});

test('two demands together let in whom each lets in', () => {
  fc.assert(
    fc.property(demand, demand, (one, other) => {
      const joint = both(one, other);
      for (const held of holders) {
        expect(lets(joint, held)).toBe(lets(one, held) && lets(other, held));
      }
    }),
  );
});

test('a type has met what the weakest way to it asks, also where types lead back to themselves', () => {
  const asks = (what: string) => `@requiresScopes(scopes: [["${what}"]])`;
  const sdl = `
    directive @requiresScopes(scopes: [[String!]!]!) on OBJECT | FIELD_DEFINITION
    type Query { strict: Node ${asks('a')} loose: Page ${asks('b')} }
    type Page { nodes: [Node!] ${asks('c')} }
    type Node { next: Node other: Leaf ${asks('d')} }
    type Leaf ${asks('a')} { back: Node }
    type Lost { id: ID }`;
  const document = parse(sdl);
  const reached = demandsOnTheWay(buildSchema(sdl), accessRulesOf(document));
  const met = (type: string) =>
    (reached.get(type) ?? []).map((way) => [...way].toSorted().join(' ')).toSorted();
  expect(met('Query')).toEqual(['']);
  expect(met('Page')).toEqual(['scope b']);
  expect(met('Node')).toEqual(['scope a', 'scope b scope c']);
  expect(met('Leaf')).toEqual(['scope a scope d']);
  expect(met('Lost')).toEqual([]);
});
