import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { actorWith, compose, federationLink, startGateway } from './test-gateway.ts';

const needs = (scope: string) => `@requiresScopes(scopes: [["${scope}"]])`;

const patients = {
  sdl: `${federationLink}
    type Query {
      patient(id: ID!, note: String): Patient ${needs('patient:read')}
      patients: [Patient!] ${needs('patient:read')}
      open: Open
      feed: [Item]
      node: Node
      nodes: [Node]
      medicine: Medicine
      medicines: [Medicine]
      strict: Strict
    }
    type Mutation { add(name: String): Open ${needs('patient:write')}  touch: Open }
    interface Node { id: ID! label: String }
    union Item = Patient | Open | Medicine
    type Patient implements Node @key(fields: "id") { id: ID! label: String name: String
      phone: String ${needs('device:read')} mother: Patient }
    type Open implements Node @authenticated { id: ID! label: String own: String ${needs('stock:read')} next: Open }
    type Medicine implements Node ${needs('medicine:read')} { id: ID! label: String dose: Int }
    type Strict { must: String! ${needs('stock:read')} deep: Deep! list: [Deep!] other: Int }
    type Deep { must: String! ${needs('stock:read')} free: Int }`,
  resolvers: {
    Node: { __resolveType: ({ kind }: { kind: string }) => kind },
    Item: { __resolveType: ({ kind }: { kind: string }) => kind },
    Query: {
      patient: (_: unknown, { id }: { id: string }) => person(id),
      patients: () => [person('1'), person('2')],
      open: () => open,
      feed: () => [person('1'), open, medicine],
      node: () => open,
      nodes: () => [person('1'), open, medicine],
      medicine: () => medicine,
      medicines: () => [medicine, medicine],
      strict: () => ({ must: 'S', other: 1, deep: { must: 'S', free: 2 }, list: [{ free: 3 }] }),
    },
    Mutation: { add: () => open, touch: () => open },
    Patient: { __resolveReference: ({ id }: { id: string }) => person(id) },
  },
};
const person = (id: string): object => ({
  kind: 'Patient',
  id,
  label: `p${id}`,
  name: `Asha ${id}`,
  phone: `phone ${id}`,
  mother: () => ({ kind: 'Patient', id: `m${id}`, label: 'm', name: 'Mother', phone: 'hidden' }),
});
const open = { kind: 'Open', id: 'o', label: 'open', own: 'own', next: { id: 'n', own: 'x' } };
const medicine = { kind: 'Medicine', id: 'm', label: 'med', dose: 5 };
const clinical = {
  sdl: `${federationLink}
    type Query { checkupCount: Int }
    type Patient @key(fields: "id") { id: ID!
      checkups(first: Int): [Checkup!] ${needs('clinical:read')} }
    type Checkup ${needs('clinical:read')} { systolic: Int }`,
  resolvers: { Patient: { checkups: () => [{ systolic: 120 }] } },
};

const reader = actorWith(['patient:read']);
const nobody = actorWith([]);
const everyone = actorWith([
  'patient:read',
  'device:read',
  'stock:read',
  'medicine:read',
  'clinical:read',
]);

let graph: Awaited<ReturnType<typeof startGateway>>;
beforeAll(async () => void (graph = await startGateway({ patients, clinical })));
beforeEach(() => void (graph.fetches.length = 0));
afterAll(() => graph.stop());

const sent = () => graph.fetches.map(({ query }) => query).join('\n');

describe('null mode', () => {
  test('who may have all gets all, by the document as it is', async () => {
    const { data, errors } = await graph.ask(
      '{ patient(id: 1) { phone name checkups { systolic } } }',
      everyone,
    );
    expect(errors).toBeUndefined();
    expect(data).toEqual({
      patient: { phone: 'phone 1', name: 'Asha 1', checkups: [{ systolic: 120 }] },
    });
    expect(sent()).not.toContain('caregraphType');
  });

  test('a denied field is null in its place, with an error, and reaches no subgraph', async () => {
    const { data, errors } = await graph.ask(
      '{ patients { a: phone name checkups { systolic } } }',
      reader,
    );
    expect(JSON.stringify(data)).toBe(
      '{"patients":[{"a":null,"name":"Asha 1","checkups":null},{"a":null,"name":"Asha 2","checkups":null}]}',
    );
    expect(errors?.map(({ path }) => path)).toEqual([
      ['patients', 0, 'a'],
      ['patients', 0, 'checkups'],
      ['patients', 1, 'a'],
      ['patients', 1, 'checkups'],
    ]);
    expect(errors?.[0]).toMatchObject({
      extensions: { code: 'FORBIDDEN', coordinate: 'Patient.phone' },
    });
    expect(graph.fetches.map(({ subgraph }) => subgraph)).toEqual(['patients']);
    expect(sent()).not.toMatch(/phone|checkups|systolic/);
  });

  test('when nothing is left no subgraph is called', async () => {
    const { data, errors } = await graph.ask('{ patients { id } b: patients { phone } }', nobody);
    expect(data).toEqual({ patients: null, b: null });
    expect(errors).toHaveLength(2);
    expect(graph.fetches).toEqual([]);
  });

  test('an object whose fields are all denied is there, and empty of values', async () => {
    const { data } = await graph.ask('{ patients { phone mother { phone } } }', reader);
    expect(data).toEqual({
      patients: [
        { phone: null, mother: { phone: null } },
        { phone: null, mother: { phone: null } },
      ],
    });
  });

  test('mutations: what is denied does not run, the rest does', async () => {
    const { data } = await graph.ask('mutation { touch { id own } add(name: "x") { id } }', nobody);
    expect(data).toEqual({ touch: { id: 'o', own: null }, add: null });
    expect(sent()).not.toContain('add');
    graph.fetches.length = 0;
    const alone = await graph.ask('mutation { add(name: "x") { id } }', nobody);
    expect(alone.data).toEqual({ add: null });
    expect(graph.fetches).toEqual([]);
  });
});

describe('interfaces, unions and fragments', () => {
  test('a field of an interface is denied where one possible type would be', async () => {
    const { data, errors } = await graph.ask(
      '{ nodes { label ... on Open { o: label } } }',
      reader,
    );
    expect(data).toEqual({
      nodes: [{ label: null }, { label: null, o: 'open' }, { label: null }],
    });
    expect(errors?.map(({ extensions }) => extensions?.['coordinate'])).toEqual([
      'Node.label',
      'Node.label',
      'Node.label',
    ]);
    expect(sent()).toMatch(/\.\.\. ?on Open ?{ ?o: ?label/);
    expect(sent().match(/label/g)).toHaveLength(1);
  });

  test('a fragment that narrows asks of its own type alone', async () => {
    const { data, errors } = await graph.ask(
      `{ feed { __typename ... on Patient { ...N phone } ... on Medicine { dose ...N } ... on Open { ...N own } } }
       fragment N on Node { label }`,
      reader,
    );
    expect(data).toEqual({
      feed: [
        { __typename: 'Patient', label: 'p1', phone: null },
        { __typename: 'Open', label: 'open', own: null },
        { __typename: 'Medicine', dose: null, label: null },
      ],
    });
    expect(errors).toHaveLength(4);
    expect(sent()).not.toMatch(/phone|dose|own/);
  });

  test('the same name denied on the interface and permitted by narrowing has its value', async () => {
    const { data } = await graph.ask('{ nodes { label ... on Open { label } } }', reader);
    expect(data).toEqual({
      nodes: [{ label: null }, { label: 'open' }, { label: null }],
    });
  });

  test('one fragment in two places loses fields only where they are denied', async () => {
    const { data } = await graph.ask(
      `query Q($no: Boolean = false) { open { ...N next { ...N } } medicine { ...N } nodes { ...N } }
       fragment N on Node { label ...M @skip(if: $no) } fragment M on Node { id }
       `,
      reader,
    );
    expect(data).toEqual({
      open: { label: 'open', id: 'o', next: { label: null, id: 'n' } },
      medicine: null,
      nodes: [null, null, null],
    });
  });

  test('names that the filter makes never meet those of the document', async () => {
    const { data } = await graph.ask(
      '{ feed { caregraphType: __typename caregraphType_1: __typename ... on Patient { phone } } }',
      reader,
    );
    expect(data?.['feed']).toEqual([
      { caregraphType: 'Patient', caregraphType_1: 'Patient', phone: null },
      { caregraphType: 'Open', caregraphType_1: 'Open' },
      { caregraphType: 'Medicine', caregraphType_1: 'Medicine' },
    ]);
  });

  test('@skip and @include decide what is in the answer, never what is denied', async () => {
    const query = `query Q($yes: Boolean!, $no: Boolean = false) {
      patients { id phone @include(if: $no) p: phone @skip(if: $yes) q: phone @include(if: $yes)
        ... @include(if: $no) { r: phone } ... on Patient @skip(if: false) { s: phone @skip(if: true) } } }`;
    const first = await graph.ask(query, reader, { yes: true });
    expect(first.data?.['patients']).toEqual([
      { id: '1', q: null },
      { id: '2', q: null },
    ]);
    expect(first.errors).toHaveLength(2);
    const second = await graph.ask(query, reader, { yes: false, no: true });
    expect(second.data?.['patients']).toEqual([
      { id: '1', phone: null, p: null, r: null },
      { id: '2', phone: null, p: null, r: null },
    ]);
    expect(sent()).not.toContain('phone');
  });

  test('variables and fragments that are left over break nothing', async () => {
    const query = `query Q($first: Int!, $id: ID!) { patient(id: $id) { name ...C } }
      fragment C on Patient { checkups(first: $first) { ...D } } fragment D on Checkup { systolic }`;
    const { data } = await graph.ask(query, reader, { first: 1, id: '1' });
    expect(data).toEqual({ patient: { name: 'Asha 1', checkups: null } });
    const wrong = await graph.ask(query, reader, { first: 'x', id: '1' });
    expect(wrong.errors?.[0]?.message).toContain('$first');
    expect(wrong.data).toBeUndefined();
  });
});

describe('objects of which the gateway alone would lose something', () => {
  test('are there when all that may be asked of them is skipped', async () => {
    const query =
      'query Q($yes: Boolean!) { patients @include(if: $yes) { phone id @skip(if: $yes) } }';
    const { data, errors } = await graph.ask(query, reader, { yes: true });
    expect(data).toEqual({ patients: [{ phone: null }, { phone: null }] });
    expect(errors).toHaveLength(2);
  });

  test.each([
    ['{ patients @include(if: $yes) { id @skip(if: $yes) } }', { patients: [{}, {}] }],
    [
      '{ open @include(if: $yes) { ...I } } fragment I on Open { id @skip(if: $yes) }',
      { open: {} },
    ],
    ['{ strict { deep @include(if: $yes) { free @skip(if: $yes) } } }', { strict: { deep: {} } }],
  ])('are there when they are empty for all: %s', async (text, wanted) => {
    const query = `query Q($yes: Boolean!) ${text}`;
    const { data, errors } = await graph.ask(query, everyone, { yes: true });
    expect(errors).toBeUndefined();
    expect(data).toEqual(wanted);
  });

  test.each([
    [
      '{ open { ...F } } fragment F on Node { id ... on Open { label } }',
      { id: 'o', label: 'open' },
    ],
    ['{ open { ... on Item { ... on Open { label } } } }', { label: 'open' }],
    [
      '{ open { ... on Node { ... on Item { ... on Open { ... { label } } } } } }',
      { label: 'open' },
    ],
    ['{ open { ... on Node { ... on Medicine { dose } } } }', {}],
  ])('have what a fragment asks within one on an interface: %s', async (query, open) => {
    for (const actor of [everyone, nobody]) {
      const { data, errors } = await graph.ask(query, actor);
      expect(errors).toBeUndefined();
      expect(data).toEqual({ open });
    }
  });

  test('and what a fragment never applies to is not denied', async () => {
    const strict = await startGateway({ patients, clinical }, { unauthorisedFields: 'refuse' });
    const query = '{ open { id ... on Node { ... on Medicine { dose } ... on Open { label } } } }';
    const { data, errors } = await strict.ask(query, nobody);
    expect(errors).toBeUndefined();
    expect(data).toEqual({ open: { id: 'o', label: 'open' } });
    await strict.stop();
  });
});

describe('nulls that have no place', () => {
  test('go to the nearest nullable parent', async () => {
    const { data, errors } = await graph.ask(
      '{ strict { other list { free } } b: strict { other list { free must } } c: strict { other deep { must } } }',
      nobody,
    );
    expect(data).toEqual({
      strict: { other: 1, list: [{ free: 3 }] },
      b: { other: 1, list: null },
      c: null,
    });
    expect(errors?.map(({ path }) => path)).toEqual([
      ['b', 'list', 0, 'must'],
      ['c', 'deep', 'must'],
    ]);
  });

  test('errors are listed up to a hundred, and the rest is counted', async () => {
    const many = Array.from({ length: 60 }, (_, index) => `f${index}: phone`).join(' ');
    const { errors } = await graph.ask(`{ patients { ${many} } }`, reader);
    expect(errors).toHaveLength(101);
    expect(errors?.[100]?.extensions).toEqual({ code: 'FORBIDDEN', unlisted: 20 });
  });
});

describe('refuse mode', () => {
  test('refuses before planning, and names the coordinates', async () => {
    const strict = await startGateway({ patients, clinical }, { unauthorisedFields: 'refuse' });
    const refused = await strict.ask(
      '{ patients { name phone @skip(if: true) mother { p: phone } checkups { systolic } } }',
      reader,
    );
    expect(refused.status).toBe(403);
    expect(refused.data).toBeUndefined();
    expect(refused.errors).toMatchObject([
      { extensions: { code: 'FORBIDDEN', coordinates: ['Patient.checkups', 'Patient.phone'] } },
    ]);
    expect(strict.fetches).toEqual([]);
    expect((await strict.ask('{ patients { name } }', reader)).status).toBe(200);
    await strict.stop();
  });
});

describe('plans', () => {
  const query = '{ patients { name phone } }';
  const full = actorWith(['patient:read', 'device:read']);

  test.each([
    ['the one who may ask all first', [full, reader, full]],
    ['the one who may not ask all first', [reader, full, reader]],
  ])('of one role never serve another: %s', async (_order, actors) => {
    const fresh = await startGateway({ patients, clinical });
    for (const actor of actors) {
      fresh.fetches.length = 0;
      const { data } = await fresh.ask(query, actor);
      const phones = actor === full ? ['phone 1', 'phone 2'] : [null, null];
      expect(data?.['patients']).toMatchObject(phones.map((phone) => ({ phone })));
      expect(fresh.fetches).toHaveLength(1);
      expect(fresh.fetches[0]?.query.includes('phone')).toBe(actor === full);
    }
    await fresh.stop();
  });
});

describe('another supergraph', () => {
  const sdl = (field: string) => `${federationLink} type Query { slow: Int a: String ${field} }`;
  const resolvers = { Query: { slow: () => 1, a: () => 'value' } };
  const guarded = { one: { sdl: sdl(needs('stock:read')), resolvers } };
  const open = { one: { sdl: sdl(''), resolvers } };

  test('brings its rules with it, and a request finishes by those that it began with', async () => {
    let arrived: () => void = () => {};
    let release: () => void = () => {};
    const began = new Promise<void>((resolve) => (arrived = resolve));
    const held = new Promise<void>((resolve) => (release = resolve));
    const gate = await startGateway(guarded, {
      async onFetch({ query }) {
        if (!query.includes('slow')) return;
        arrived();
        await held;
      },
    });
    const asked = gate.ask('{ slow a }', nobody);
    await began;
    expect(await gate.update(compose(open))).toEqual({ kind: 'loaded' });
    expect((await gate.ask('{ a }', nobody)).data).toEqual({ a: 'value' });
    release();
    expect((await asked).data).toEqual({ slow: 1, a: null });
    expect(await gate.update(compose(guarded))).toEqual({ kind: 'loaded' });
    expect((await gate.ask('{ a }', nobody)).data).toEqual({ a: null });
    await gate.stop();
  });

  test('that is bad changes neither schema nor rules', async () => {
    const gate = await startGateway(guarded);
    const unknown = compose(guarded).replace('requiresScopes/v0.1', 'requiresScopes/v0.9');
    for (const bad of ['type Query {', 'type Query { a: Int }', unknown]) {
      expect(await gate.update(bad)).toMatchObject({ kind: 'refused' });
      expect((await gate.ask('{ a }', nobody)).data).toEqual({ a: null });
    }
    await gate.stop();
  });

  test('the last of many at once is the one that serves', async () => {
    const gate = await startGateway(guarded);
    await Promise.all([open, guarded, open, guarded].map((graph) => gate.update(compose(graph))));
    expect((await gate.ask('{ a }', nobody)).data).toEqual({ a: null });
    await gate.stop();
  });
});

describe('by construction', () => {
  test('a schema without rules is never answered from', async () => {
    const { executor } = await graph.gateway.load({ apollo: {} });
    expect(() => executor?.({ schema: {} } as never)).toThrow('no rules');
  });

  test('a request without an actor is never answered', async () => {
    await expect(graph.ask('{ open { id } }', undefined as never)).rejects.toThrow();
    expect(graph.fetches).toEqual([]);
  });
});
