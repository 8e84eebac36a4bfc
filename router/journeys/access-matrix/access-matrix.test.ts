import { readFileSync } from 'node:fs';
import type { GraphQLObjectType } from 'graphql';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { publishedSupergraphPath } from '@caregraph/schema-registry';
import { defaultRouterConfig } from '../../src/index.ts';
import { startJourney, type AnswerError, type JourneyStack } from '../test-stack.ts';
import { documentAt, objectsAt, responseName, spellings } from './document.ts';
import { readAccessGraph, type AccessGraph, type Step } from './graph.ts';
import { everyPerson, type Person } from './people.ts';
import { completeDistrict } from './records.ts';
import { mayBeShown, tenancyOf } from './tenancy.ts';

/**
 * Every field of every type, in every spelling, asked by every role of this tenant and of another.
 * What is expected comes from the permission matrix and the published schema; what is compared is
 * the answer of the running stack to a real token.
 */
const sdl = readFileSync(publishedSupergraphPath, 'utf8');
/** The router shows no more errors than this in one answer. */
const errorsShown = 100;
const wide = 1_000_000;
/** The district has no prescription with a warning; its parent's cells are all asked. */
const withoutExample = ['SafetyFinding'];

let stack: JourneyStack;
let graph: AccessGraph;
let people: readonly Person[];

beforeAll(async () => {
  const limits = {
    ...defaultRouterConfig.limits,
    ...{ maxTokens: wide, maxAliases: wide, maxFields: wide, costBudget: wide },
    rates: false,
  };
  stack = await startJourney({ households: 8, router: { limits } });
  people = await everyPerson(stack);
  graph = readAccessGraph(sdl, await completeDistrict(stack));
}, 120_000);
afterAll(() => stack.stop());

interface Asked {
  readonly person: Person;
  readonly data: unknown;
  readonly objects: readonly Record<string, unknown>[];
  readonly errors: readonly AnswerError[];
}

async function askEveryone(type: GraphQLObjectType, way: readonly Step[]): Promise<Asked[]> {
  const document = documentAt(graph, type, way);
  const asked: Asked[] = [];
  for (const person of people) {
    const answer = await stack.ask('-', document, {}, { token: person.token });
    expect(answer.status, JSON.stringify(answer.errors[0])).toBe(200);
    const { data, errors } = answer;
    asked.push({ person, data, objects: objectsAt(data, way), errors });
  }
  return asked;
}

const forbidden = (errors: readonly AnswerError[]) =>
  new Set(
    errors
      .filter(({ extensions }) => extensions.code === 'FORBIDDEN')
      .map(({ extensions }) => String(extensions['coordinate'])),
  );

/** What is wrong with one person's answer; empty when every cell is as the table says. */
function wrongCells(type: GraphQLObjectType, way: readonly Step[], asked: Asked): string[] {
  const { person, objects, errors } = asked;
  const refused = forbidden(errors);
  const closedAt = way.findIndex(
    ({ typeName, fieldName }) => !graph.allows(person.actor, typeName, fieldName),
  );
  const closed = way[closedAt];
  if (closed !== undefined) {
    // Where a list on the way is empty, there is no field to be refused.
    const asksNothing = objectsAt(asked.data, way.slice(0, closedAt)).length === 0;
    const told = asksNothing || refused.has(`${closed.typeName}.${closed.fieldName}`);
    return objects.length === 0 && told ? [] : [`${person.name}: ${type.name} is open`];
  }
  const wrong: string[] = [];
  for (const object of objects) {
    for (const field of graph.fieldsOf(type)) {
      const coordinate = `${type.name}.${field.name}`;
      const allowed = graph.allows(person.actor, type.name, field.name);
      const told = refused.has(coordinate) || errors.length > errorsShown;
      for (const spelling of spellings) {
        const value = object[responseName(field.name, spelling)];
        if (!allowed && value !== null) wrong.push(`${person.name}: leaks ${coordinate}`);
      }
      if (!allowed && !told) wrong.push(`${person.name}: nothing said of ${coordinate}`);
      if (allowed && refused.has(coordinate)) wrong.push(`${person.name}: refused ${coordinate}`);
    }
  }
  if (objects.length > 0 && !mayBeShown(person, type.name)) {
    wrong.push(`${person.name}: sees a ${type.name} of another tenant`);
  }
  return wrong;
}

test(
  'every field of every type answers each role as the table says',
  { timeout: 300_000 },
  async () => {
    const wrong: string[] = [];
    const unreached: string[] = [];
    for (const type of graph.types) {
      const way = graph.wayTo(type.name);
      if (way === undefined || /^(Query|Mutation)$/.test(type.name)) continue;
      const asked = await askEveryone(type, way);
      wrong.push(...asked.flatMap((one) => wrongCells(type, way, one)));
      if (asked.every(({ objects }) => objects.length === 0)) unreached.push(type.name);
    }
    // A type that nobody was shown proves nothing.
    expect({ wrong, unreached }).toEqual({ wrong: [], unreached: withoutExample });
  },
);

test('every type is known to be of a tenant or open, and has a way', () => {
  const objects = graph.types.filter(
    ({ name }) => !/^(Query|Mutation|Problem)$|Receipt$/.test(name),
  );
  const unsorted = objects.filter(({ name }) => tenancyOf(name) === 'unknown');
  expect(unsorted.map(({ name }) => name)).toEqual([]);
  const lost = objects.filter(({ name }) => graph.wayTo(name) === undefined);
  expect(lost.map(({ name }) => name)).toEqual([]);
});

test('every allow has its deny, and nothing is closed to everyone', () => {
  for (const type of graph.types) {
    for (const field of graph.fieldsOf(type)) {
      const asked = graph
        .asked(type.name, field.name)
        .filter(({ scopes, policies }) => scopes.length + policies.length > 0);
      if (asked.length === 0) continue;
      const allowed = people.filter(({ actor }) => graph.allows(actor, type.name, field.name));
      const cell = `${type.name}.${field.name}`;
      expect([cell, allowed.length > 0]).toEqual([cell, true]);
      expect([cell, allowed.length < people.length]).toEqual([cell, true]);
    }
  }
});
