import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { actorWith, federationLink, startGateway } from './test-gateway.ts';

const one = {
  sdl: `${federationLink} enum Colour { RED } type Query { colour(of: Colour): Colour }`,
  resolvers: { Query: { colour: () => 'RED' } },
};
const free = actorWith([]);
const registered = actorWith([], { documents: undefined });

let graph: Awaited<ReturnType<typeof startGateway>>;
beforeAll(async () => void (graph = await startGateway({ one })));
afterAll(() => graph.stop());

describe('introspection', () => {
  test.each([
    '{ ...A } fragment A on Query { ... { x: __schema { types { name } } } }',
    '{ colour __type(name: "Query") { name } }',
  ])('is for free clients alone, whoever asked before: %s', async (query) => {
    for (let round = 0; round < 2; round += 1) {
      const given = await graph.ask(query, free);
      expect(given.errors).toBeUndefined();
      expect(JSON.stringify(given.data)).toContain('"Query"');
      graph.fetches.length = 0;
      const refused = await graph.ask(query, registered);
      expect(refused.status).toBe(403);
      expect(refused.data).toBeUndefined();
      expect(refused.errors?.[0]?.extensions).toMatchObject({
        code: 'FORBIDDEN',
        reason: 'INTROSPECTION',
      });
      expect(graph.fetches).toEqual([]);
    }
  });

  test('__typename is for all', async () => {
    expect((await graph.ask('{ __typename }', registered)).data).toEqual({ __typename: 'Query' });
  });
});

test('suggestions are for free clients alone', async () => {
  const misspelt: [string, Record<string, unknown>][] = [
    ['{ color }', {}],
    ['query Q($of: Colour) { colour(of: $of) }', { of: 'READ' }],
  ];
  for (const [query, variables] of misspelt) {
    const told = await graph.ask(query, free, variables);
    expect(JSON.stringify(told.errors)).toContain('Did you mean');
    const kept = await graph.ask(query, registered, variables);
    expect(kept.errors).toHaveLength(1);
    expect(JSON.stringify(kept)).not.toContain('Did you mean');
  }
});
