import { readFile } from 'node:fs/promises';
import { isObjectType, type GraphQLObjectType } from 'graphql';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readRequirement, permits } from '@caregraph/access';
import { subgraphNames, type SubgraphName } from '@caregraph/schema-registry';
import { startJourney, type JourneyStack } from '../test-stack.ts';
import { responseName, selectionOf, spellings } from './document.ts';
import { readAccessGraph, type AccessGraph } from './graph.ts';
import { everyPerson, type Person } from './people.ts';
import { completeDistrict, keysOf } from './records.ts';
import { mayBeShown } from './tenancy.ts';

/**
 * The same straight at each subgraph, through `_entities`: whoever gets past the router, or around
 * it, with a real token finds the same rules.
 */
let stack: JourneyStack;
let people: readonly Person[];

beforeAll(async () => {
  stack = await startJourney({ households: 8 });
  people = await everyPerson(stack);
  await completeDistrict(stack);
}, 120_000);
afterAll(() => stack.stop());

interface EntityAnswer {
  readonly data?: { readonly _entities: (Record<string, unknown> | null)[] } | null;
  readonly errors?: { readonly path?: unknown[]; readonly extensions: Record<string, unknown> }[];
}

async function askEntity(
  subgraph: SubgraphName,
  person: Person,
  document: string,
  representation: Record<string, unknown>,
): Promise<EntityAnswer> {
  const answer = await stack.deployment.subgraphs[subgraph].execute({
    method: 'POST',
    headers: { authorization: `Bearer ${person.token}`, 'content-type': 'application/json' },
    search: '',
    body: { query: document, variables: { representations: [representation] } },
  });
  // What Apollo Server writes is a GraphQL response.
  return JSON.parse(answer.body.kind === 'complete' ? answer.body.string : '{}') as EntityAnswer;
}

/** The entities that a subgraph resolves: the types with a key that is not for reference alone. */
function entitiesOf(graph: AccessGraph): GraphQLObjectType[] {
  return graph.types.filter((type) =>
    type.astNode?.directives?.some(
      ({ name, arguments: given }) =>
        name.value === 'key' &&
        !given?.some(
          (one) =>
            one.name.value === 'resolvable' && 'value' in one.value && one.value.value === false,
        ),
    ),
  );
}

test.each(subgraphNames)(
  'entities of %s answer each role as its own schema says',
  { timeout: 120_000 },
  async (name) => {
    const file = new URL(`../../../schema-registry/published/${name}.graphql`, import.meta.url);
    const graph = readAccessGraph(await readFile(file, 'utf8'), {});
    const wrong: string[] = [];
    const unseen: string[] = [];
    for (const type of entitiesOf(graph)) {
      const { selection, fragment } = selectionOf(graph, type);
      const document = `query ($representations: [_Any!]!) {
      _entities(representations: $representations) { ... on ${type.name} { ${selection} } }
    } ${fragment}`;
      const key = await keysOf(stack, name, type.name);
      let seen = false;
      for (const person of people) {
        const answer = await askEntity(name, person, document, { __typename: type.name, ...key });
        const found = answer.data?._entities[0] ?? null;
        const refused = (answer.errors ?? []).filter(
          (one) => one.extensions['code'] === 'FORBIDDEN',
        );
        const own = isObjectType(type)
          ? readRequirement(type.astNode?.directives ?? [])
          : undefined;
        if (own !== undefined && !permits([own], person.actor)) {
          const told = found === null && refused.length > 0;
          if (!told) wrong.push(`${person.name}: ${type.name} is open`);
          continue;
        }
        if (found === null) continue;
        seen = true;
        const keyed = new Set(['__typename', ...Object.keys(key)]);
        for (const field of graph.fieldsOf(type)) {
          const allowed = graph.allows(person.actor, type.name, field.name);
          for (const spelling of spellings) {
            const value = found[responseName(field.name, spelling)];
            if (!allowed && value !== null)
              wrong.push(`${person.name}: leaks ${type.name}.${field.name}`);
            const leaks =
              !mayBeShown(person, type.name) &&
              !keyed.has(field.name) &&
              value !== null &&
              !isEmptyAnswer(value);
            if (leaks)
              wrong.push(`${person.name}: sees ${type.name}.${field.name} of another tenant`);
          }
        }
      }
      if (!seen) unseen.push(type.name);
    }
    expect(wrong).toEqual([]);
    expect(unseen).toEqual([]);
  },
);

/** A connection or list whose content is asked elsewhere: here only its type name was. */
function isEmptyAnswer(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  if (typeof value !== 'object' || value === null) return false;
  const names = Object.keys(value);
  return (
    names.length === 1 &&
    String((value as { __typename: unknown }).__typename).endsWith('Connection')
  );
}
