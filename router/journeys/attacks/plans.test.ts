import { afterAll, beforeAll, expect, test } from 'vitest';
import { readFileSync } from 'node:fs';
import { publishedSupergraphPath } from '@caregraph/schema-registry';
import { defaultRouterConfig } from '../../src/index.ts';
import { readAccessGraph } from '../access-matrix/graph.ts';
import { everyPerson, type Person } from '../access-matrix/people.ts';
import { startJourney, type Answer, type JourneyStack } from '../test-stack.ts';

/**
 * The router keeps parsed documents, decisions and plans by the text that was sent. Whoever sends
 * the same text under the same name right after somebody else must get their own answer.
 */
const graph = readAccessGraph(readFileSync(publishedSupergraphPath, 'utf8'), {});
let stack: JourneyStack;
let people: readonly Person[];
let patientId: string;

beforeAll(async () => {
  const limits = { ...defaultRouterConfig.limits, rates: false };
  stack = await startJourney({ households: 4, router: { limits } });
  people = (await everyPerson(stack)).filter(({ name }) => !name.includes('without scope'));
  const data = await stack.read(
    'hospital-clinician-1',
    '{ patients(first: 1) { edges { node { id } } } }',
  );
  const { edges } = data['patients'] as { edges: { node: { id: string } }[] };
  patientId = edges[0]?.node.id ?? '';
});
afterAll(() => stack.stop());

/** Each root needs another permission, so that no two roles have the same of it. */
const roots = [
  'patient',
  'stock',
  'auditEvents',
  'medicines',
  'partners',
  'checkups',
  'prescriptions',
];
/** A comment makes another text, which nobody has asked before. */
const documentOf = (mark: string) => `query SameName($id: UUID!, $with: Boolean!) {
  # ${mark}
  patient(id: $id) { id name checkups(first: 1) { edges { node { id } } }
    prescriptions(first: 1) { edges { node { id } } } }
  stock(first: 1) { edges { cursor } }
  auditEvents(first: 1) { edges { cursor } }
  medicines(first: 1) { edges { cursor } }
  partners(first: 1) { edges { cursor } }
  ... on Query @include(if: $with) { checkups(first: 1) { edges { cursor } } }
  ...More
}
fragment More on Query { prescriptions(first: 1) { edges { cursor } } }`;

const ask = (person: Person, mark: string, include = true) =>
  stack.ask('-', documentOf(mark), { id: patientId, with: include }, { token: person.token });

/** What of an answer must be the person's own, whoever asked before. */
function shapeOf({ status, data, errors }: Answer): string {
  const refused = errors.map(
    ({ extensions }) => `${extensions.code} ${String(extensions['coordinate'])}`,
  );
  return JSON.stringify({ status, data, refused: refused.sort() });
}

function wrongOf({ name, actor, tenant }: Person, { data, errors }: Answer): string[] {
  const wrong: string[] = [];
  const refused = new Set(errors.map(({ extensions }) => extensions['coordinate']));
  for (const root of roots) {
    const allowed = graph.allows(actor, 'Query', root);
    const value = data?.[root];
    if (!allowed && value !== null) wrong.push(`${name} is shown ${root}`);
    if (allowed && refused.has(`Query.${root}`)) wrong.push(`${name} is refused ${root}`);
    if (!allowed && !refused.has(`Query.${root}`)) wrong.push(`${name} is not told of ${root}`);
  }
  const patient = data?.['patient'] as { id: string } | null | undefined;
  if (tenant === 'foreign' && patient) wrong.push(`${name} is shown somebody else's patient`);
  return wrong;
}

test('alone, each role has its own part of the answer', async () => {
  const shapes = new Set<string>();
  for (const [at, person] of people.entries()) {
    const answer = await ask(person, `alone ${at}`);
    expect(wrongOf(person, answer)).toEqual([]);
    shapes.add(shapeOf(answer));
  }
  expect(shapes.size).toBeGreaterThan(5);
});

test.each([
  ['the one who may most first', 1],
  ['the one who may least first', -1],
])('one after the other, %s', async (_name, order) => {
  const sorted = people.toSorted(
    (one, other) => order * (other.actor.permissions.size - one.actor.permissions.size),
  );
  for (let round = 0; round < 3; round += 1) {
    for (const person of sorted) {
      expect(wrongOf(person, await ask(person, `order ${order}`))).toEqual([]);
    }
  }
});

test('each pair of roles in both orders, on a text that is new to the router', async () => {
  const own = people.filter(({ tenant }) => tenant === 'own');
  for (const one of own) {
    for (const other of own) {
      const mark = `${one.name} before ${other.name}`;
      expect(wrongOf(one, await ask(one, mark)), mark).toEqual([]);
      expect(wrongOf(other, await ask(other, mark)), mark).toEqual([]);
    }
  }
});

test('hundreds at once, in bursts that begin on a new text', { timeout: 120_000 }, async () => {
  const expected = new Map<string, string>();
  for (const person of people) expected.set(person.name, shapeOf(await ask(person, 'at once')));
  for (let burst = 0; burst < 6; burst += 1) {
    const asked = Array.from({ length: 108 }, (_, at) => people[(at * 7 + burst) % people.length]);
    const answers = await Promise.all(
      asked.map(async (person) => {
        if (person === undefined) throw new Error('nobody is asked');
        return {
          person,
          answer: await ask(person, burst % 2 === 0 ? 'at once' : `burst ${burst}`),
        };
      }),
    );
    for (const { person, answer } of answers) {
      expect(wrongOf(person, answer)).toEqual([]);
      const settled = shapeOf(answer);
      // Reads by some are entries that auditors see, so only their own cursors may move.
      if (!graph.allows(person.actor, 'Query', 'auditEvents')) {
        expect(settled, person.name).toBe(expected.get(person.name));
      }
    }
  }
});

test('the same text with another value of its condition', async () => {
  const worker = people.find(({ role, tenant }) => role === 'pharmacist' && tenant === 'own');
  const clinician = people.find(({ role, tenant }) => role === 'clinician' && tenant === 'own');
  if (worker === undefined || clinician === undefined) throw new Error('somebody is missing');
  for (let round = 0; round < 3; round += 1) {
    const without = await ask(worker, 'condition', false);
    expect(without.data).not.toHaveProperty('checkups');
    expect((await ask(clinician, 'condition', true)).data?.['checkups']).not.toBeNull();
    expect((await ask(worker, 'condition', true)).data?.['checkups']).toBeNull();
  }
});

test('two operations under one text: the name chooses, for each role', async () => {
  const query = `query A { stock(first: 1) { edges { cursor } } }
    query B { partners(first: 1) { edges { cursor } } }`;
  const post = async (person: Person, operationName: string) => {
    const answer = await fetch(`${stack.url}/graphql`, {
      method: 'POST',
      headers: { authorization: `Bearer ${person.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ query, operationName }),
    });
    return (await answer.json()) as { data: Record<string, unknown> | null };
  };
  for (let round = 0; round < 2; round += 1) {
    for (const person of people) {
      const may = (root: string) => graph.allows(person.actor, 'Query', root);
      const { data: a } = await post(person, 'A');
      const { data: b } = await post(person, 'B');
      expect(a?.['stock'] !== null, `${person.name} stock`).toBe(may('stock'));
      expect(b?.['partners'] !== null, `${person.name} partners`).toBe(may('partners'));
    }
  }
});
