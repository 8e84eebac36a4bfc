import fc from 'fast-check';
import { Kind, parse, type SelectionSetNode } from 'graphql';
import { expect, test } from 'vitest';
import type { Permission } from '@caregraph/access';
import { actorWith, startGateway } from './test-gateway.ts';
import { randomDocument, randomGraph, scopes, type RandomGraph } from './test-random-graph.ts';

type Held = readonly Permission[];

/** What the schema says, worked out without the code under test. */
function isDenied(graph: RandomGraph, type: string, name: string, held: Held): boolean {
  const owner = graph.types.get(type);
  const field = owner?.fields.find((one) => one.name === name);
  if (owner === undefined || field === undefined) return false;
  const lacks = (needs: Permission | undefined) => needs !== undefined && !held.includes(needs);
  const behind = field.leads === undefined ? [] : (graph.possible.get(field.leads) ?? []);
  const leadsNowhere =
    behind.length > 0 && behind.every((target) => lacks(graph.types.get(target)?.needs));
  return lacks(owner.needs) || lacks(field.needs) || leadsNowhere;
}

/** Coordinates that a fetch asks for. */
function asked(graph: RandomGraph, query: string): string[] {
  const found: string[] = [];
  const every = [...graph.possible.keys()].filter((name) => graph.types.has(name));
  const { definitions } = parse(query);
  const fragments = new Map(
    definitions.flatMap((one) =>
      one.kind === Kind.FRAGMENT_DEFINITION ? [[one.name.value, one] as const] : [],
    ),
  );
  function walk(set: SelectionSetNode, types: readonly string[]): void {
    for (const selection of set.selections) {
      if (selection.kind !== Kind.FIELD) {
        const spread = selection.kind === Kind.FRAGMENT_SPREAD;
        const fragment = spread ? fragments.get(selection.name.value) : selection;
        if (fragment === undefined) throw new Error('a fetch spreads an unknown fragment');
        const on = fragment.typeCondition?.name.value;
        const within = on === undefined ? types : (graph.possible.get(on) ?? []);
        walk(
          fragment.selectionSet,
          types.filter((type) => within.includes(type)),
        );
        continue;
      }
      const name = selection.name.value;
      if (name === '_entities' && selection.selectionSet) walk(selection.selectionSet, every);
      for (const type of types) {
        const field = graph.types.get(type)?.fields.find((one) => one.name === name);
        if (field === undefined) continue;
        found.push(`${type}.${name}`);
        if (field.leads !== undefined && selection.selectionSet) {
          walk(selection.selectionSet, graph.possible.get(field.leads) ?? []);
        }
      }
    }
  }
  for (const definition of definitions) {
    if (definition.kind === Kind.OPERATION_DEFINITION) walk(definition.selectionSet, ['Query']);
  }
  return found;
}

/** Every null that stands where the full answer has something, and every other difference. */
function compare(part: unknown, full: unknown, path: readonly (string | number)[] = []): string[] {
  // The gateway answers an object of which nothing is included with null or with an empty object.
  if (part === null)
    return full === null || JSON.stringify(full) === '{}' ? [] : [`gap ${path.join('.')}`];
  if (typeof part !== 'object') return part === full ? [] : [`other ${path.join('.')}`];
  if (typeof full !== 'object' || full === null) return [`other ${path.join('.')}`];
  if (Object.keys(part).sort().join() !== Object.keys(full).sort().join()) {
    return [`names ${path.join('.')}: ${Object.keys(part).join()} / ${Object.keys(full).join()}`];
  }
  const other = full as Record<string, unknown>;
  return Object.entries(part).flatMap(([key, value]) => compare(value, other[key], [...path, key]));
}

test('no denied field reaches a subgraph or an answer, and the rest of the answer stands', async () => {
  const seen = { gaps: 0, permitted: 0, nulled: 0 };
  await fc.assert(
    fc.asyncProperty(fc.gen(), async (draw) => {
      const graph = randomGraph(draw);
      const gateway = await startGateway(graph.subgraphs);
      const texts = [1, 2, 3, 4].map(() => randomDocument(draw, graph));
      const holders = [1, 2, 3].map(() => draw(() => fc.subarray([...scopes])));
      for (const text of texts) {
        for (const yes of [true, false]) {
          const full = await gateway.ask(text, actorWith(scopes), { yes });
          expect(full.errors, text).toBeUndefined();
          for (const held of [...holders, ...holders]) {
            gateway.fetches.length = 0;
            const answer = await gateway.ask(text, actorWith(held), { yes });
            const coordinates = gateway.fetches.flatMap(({ query }) => asked(graph, query));
            const leaked = JSON.stringify(answer.data).match(/v:T\d\.\w+/g) ?? [];
            for (const coordinate of [...coordinates, ...leaked.map((value) => value.slice(2))]) {
              const [type = '', name = ''] = coordinate.split('.');
              expect(isDenied(graph, type, name, held), `${coordinate}\n${text}`).toBe(false);
            }
            const found = compare(answer.data, full.data);
            expect(
              found.filter((line) => !line.startsWith('gap')),
              text,
            ).toEqual([]);
            expect(found.length > 0, text).toBe((answer.errors ?? []).length > 0);
            for (const error of answer.errors ?? []) {
              expect(error.extensions?.['code'], JSON.stringify(error)).toBe('FORBIDDEN');
            }
            seen.gaps += found.length;
            if (answer.data === null) seen.nulled += 1;
            if (found.length === 0) seen.permitted += 1;
          }
        }
      }
      await gateway.stop();
    }),
    { numRuns: 12, endOnFailure: true },
  );
  // A run that denies nothing, or everything, would show nothing.
  expect(seen.gaps).toBeGreaterThan(100);
  expect(seen.permitted).toBeGreaterThan(20);
  expect(seen.nulled).toBeGreaterThan(0);
}, 120_000);
