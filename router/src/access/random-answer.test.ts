import fc from 'fast-check';
import { Kind, parse, validate, type DocumentNode, type ExecutionResult } from 'graphql';
import { expect, test } from 'vitest';
import { createGuardedExecutor, type Executor } from './guarded-executor.ts';
import { actorWith } from './test-gateway.ts';
import { createOracle, type Held, type Oracle } from './test-oracle.ts';
import { randomDocument, randomGraph, scopes } from './test-random-graph.ts';

type Request = Parameters<Executor>[0];
type Variables = Record<string, unknown>;

/** The guard around a server that makes no plans, so that every difference is the guard's own. */
function guardedOver({ schema, rules, run }: Oracle) {
  const executor = createGuardedExecutor({
    schema,
    rules,
    unauthorisedFields: 'null',
    gateway: {
      executor: async ({ document, request }) => run(document, request.variables ?? {}) as never,
    },
  });
  return async (document: DocumentNode, held: Held, variables: Variables) => {
    const operation = document.definitions.find((one) => one.kind === Kind.OPERATION_DEFINITION);
    const context = { actor: actorWith(held) };
    const request = { variables };
    const asked = { document, operation, request, context, queryHash: '', schema };
    return executor(asked as unknown as Request) as Promise<ExecutionResult>;
  };
}

const startsWith = (path: readonly unknown[], start: readonly unknown[]) =>
  start.every((part, index) => path[index] === part);

/** Paths of the nulls that stand where the full answer has something. */
function gaps(part: unknown, full: unknown, path: readonly (string | number)[] = []): unknown[][] {
  if (part === null) return full === null ? [] : [[...path]];
  if (typeof part !== 'object' || typeof full !== 'object' || full === null) return [];
  const other = full as Record<string, unknown>;
  return Object.entries(part).flatMap(([key, value]) =>
    gaps(value, other[key], [...path, Array.isArray(part) ? Number(key) : key]),
  );
}

test('an answer is that of a server whose denied fields fail, name by name and in order', async () => {
  const seen = { gaps: 0, whole: 0, nulled: 0, documents: 0 };
  await fc.assert(
    fc.asyncProperty(fc.gen(), async (draw) => {
      const graph = randomGraph(draw);
      const oracle = createOracle(graph);
      const ask = guardedOver(oracle);
      const held = draw(() => fc.subarray([...scopes]));
      for (const text of [1, 2, 3].map(() => randomDocument(draw, graph))) {
        if (validate(oracle.schema, parse(text)).length > 0) continue;
        seen.documents += 1;
        // One document for both, as the server keeps it: what is kept of it must not mix them up.
        const document = parse(text);
        for (const yes of [true, false]) {
          const full = oracle.run(document, { yes });
          const wanted = oracle.filtered(document, { yes }, held);
          const { data, errors = [] } = await ask(document, held, { yes });
          expect(JSON.stringify(data), text).toBe(JSON.stringify(wanted.data));
          const nulls = gaps(data, full.data);
          // Each gap has its reason at its place or below it, and each reason its gap.
          const paths = errors.map(({ path = [] }) => path);
          for (const gap of nulls) {
            expect(
              paths.some((path) => startsWith(path, gap)),
              `${gap.join('.')}\n${text}`,
            ).toBe(true);
          }
          for (const path of paths) {
            expect(
              nulls.some((gap) => startsWith(path, gap)),
              `${path.join('.')}\n${text}`,
            ).toBe(true);
          }
          seen.gaps += nulls.length;
          if (data === null) seen.nulled += 1;
          if (nulls.length === 0) seen.whole += 1;
        }
      }
    }),
    // A failure prints its seed and path; given here, they replay it.
    { numRuns: 200, interruptAfterTimeLimit: 8_000, endOnFailure: true },
  );
  // A run that denies nothing, or everything, would show nothing.
  expect(seen.documents).toBeGreaterThan(30);
  expect(seen.gaps).toBeGreaterThan(30);
  expect(seen.whole).toBeGreaterThan(5);
  expect(seen.nulled).toBeGreaterThan(0);
}, 60_000);
