import { buildSubgraphSchema, type GraphQLResolverMap } from '@apollo/subgraph';
import { graphql, parse, type GraphQLSchema } from 'graphql';
import { expect, test, vi } from 'vitest';
import { accessRulesOf } from '@caregraph/access';
import { createGates } from './access-gate.ts';
import { guardSchema } from './policy-guard.ts';

const link = `extend schema @link(
  url: "https://specs.apollo.dev/federation/v2.12"
  import: ["@key", "@external", "@shareable", "@authenticated", "@requiresScopes", "@policy", "@interfaceObject"]
)`;
const reads = (what: string) => `@requiresScopes(scopes: [["${what}:read"]])`;
const audits = '@policy(policies: [["audits-institution"]])';

const sdl = `
type Query {
  patient: Patient @authenticated
  checkups: CheckupConnection ${reads('clinical')}
  facts: [Fact] @authenticated
  latest: Fact @authenticated
  vitals: Vitals @requiresScopes(scopes: [["clinical:read"], ["patient:read", "device:read"]])
  trail: Trail ${reads('audit')} ${audits}
}
type Mutation { rename: Patient @requiresScopes(scopes: [["patient:write"]]) }
type Patient @key(fields: "id") @authenticated {
  id: ID!
  name: String ${reads('patient')}
  phone: String ${reads('patient')}
  latest: Checkup
  all: [Checkup!]
}
type Checkup implements Note @key(fields: "id") ${reads('clinical')} { id: ID! text: String, self: Checkup! }
type Allergy implements Note @key(fields: "id") ${reads('prescription')} { id: ID! text: String }
interface Note { text: String }
union Fact = Checkup | Allergy
type CheckupConnection { edges: [CheckupEdge!]! notes: [Note] }
type CheckupEdge { node: Checkup! }
type Vitals { pulse: Int, temperature: Int ${reads('audit')} }
type Trail { of: String }
type Staff @key(fields: "id", resolvable: false) ${reads('staff')} { id: ID! }`;

const checkup = { id: 'c', text: 'seen', __typename: 'Checkup' };
const allergy = { id: 'a', text: 'nuts', __typename: 'Allergy' };
const patient = { id: 'p', name: 'Asha', phone: '1', latest: checkup, all: [checkup, checkup] };

function resolversOf(reached: () => void = () => undefined): GraphQLResolverMap {
  const answer = (value: unknown) => () => {
    reached();
    return value;
  };
  return {
    Query: {
      patient: answer(patient),
      checkups: answer({
        edges: [{ node: checkup }, { node: checkup }],
        notes: [allergy, checkup],
      }),
      facts: answer([checkup, allergy]),
      latest: answer(allergy),
      vitals: answer({ pulse: 70, temperature: 37 }),
      trail: answer({ of: 'Ravi' }),
    },
    Mutation: { rename: answer(patient) },
    Patient: { __resolveReference: answer(patient) },
    Checkup: { __resolveReference: answer(checkup), self: (one: unknown) => one },
    Allergy: { __resolveReference: answer(allergy) },
  } as GraphQLResolverMap;
}

function guarded(typeDefs = sdl, resolvers = resolversOf()): GraphQLSchema {
  const document = parse(`${link} ${typeDefs}`);
  const schema = buildSubgraphSchema([{ typeDefs: document, resolvers }]);
  const rules = accessRulesOf(document);
  guardSchema(schema, rules, createGates(rules));
  return schema;
}

async function ask(schema: GraphQLSchema, held: string, source: string, roles: string[] = []) {
  const actor = { permissions: new Set(held.split(' ')), roles };
  const { data, errors } = await graphql({ schema, source, contextValue: { actor } });
  const refused = (errors ?? []).map(({ originalError, path }) => {
    expect(originalError).toMatchObject({ code: 'FORBIDDEN' });
    return path?.join('.');
  });
  return { data: JSON.parse(JSON.stringify(data ?? null)), refused };
}

const reference = (type: string, more = '') =>
  `{ _entities(representations: [{ __typename: "${type}", id: "x" }]) { __typename ${more} } }`;

/** What is asked, what lets it through whole, and what is refused to one who lacks that. */
const cases: [query: string, held: string, lacking: string, refused: string[]][] = [
  ['{ patient { id name } }', 'patient:read', 'clinical:read', ['patient.name']],
  ['{ patient { b: name a: phone } }', 'patient:read', '', ['patient.b', 'patient.a']],
  ['{ patient { ...F } } fragment F on Patient { name }', 'patient:read', '', ['patient.name']],
  ['{ patient { ... on Patient { name } } }', 'patient:read', '', ['patient.name']],
  ['{ patient { latest { id } } }', 'clinical:read', 'patient:read', ['patient.latest']],
  ['{ patient { all { text } } }', 'clinical:read', 'patient:read', ['patient.all']],
  ['{ checkups { edges { node { self { id } } } } }', 'clinical:read', '', ['checkups']],
  [
    '{ checkups { notes { text } } }',
    'clinical:read prescription:read',
    'clinical:read',
    ['checkups.notes.0'],
  ],
  [
    '{ facts { ... on Allergy { text } ... on Checkup { text } } }',
    'clinical:read prescription:read',
    'prescription:read',
    ['facts.0'],
  ],
  ['{ latest { __typename } }', 'prescription:read', 'clinical:read', ['latest']],
  ['{ vitals { pulse } }', 'clinical:read', 'patient:read', ['vitals']],
  ['{ vitals { pulse } }', 'patient:read device:read', 'device:read', ['vitals']],
  [
    '{ vitals { temperature } }',
    'clinical:read audit:read',
    'clinical:read',
    ['vitals.temperature'],
  ],
  ['mutation { rename { id } }', 'patient:write', 'patient:read', ['rename']],
  [reference('Checkup', '... on Checkup { text }'), 'clinical:read', '', ['_entities.0']],
  [reference('Checkup', '... on Note { text }'), 'clinical:read', '', ['_entities.0']],
  [reference('Checkup'), 'clinical:read', 'patient:read', ['_entities.0']],
  [reference('Patient'), 'patient:read', 'audit:read', ['_entities.0']],
  [reference('Patient', '... on Patient { id }'), 'clinical:read', '', ['_entities.0']],
  [
    reference('Patient', '... on Patient { name latest { id } }'),
    'patient:read clinical:read',
    'clinical:read',
    ['_entities.0.name'],
  ],
  [reference('Staff', '... on Staff { id }'), 'staff:read', 'clinical:read', ['_entities.0']],
];

test.each(cases)(
  '%s is answered to %s and refused to "%s"',
  async (query, held, lacking, refused) => {
    const schema = guarded();
    const served = await ask(schema, held, query);
    expect(served.refused).toEqual([]);
    expect(JSON.stringify(served.data)).not.toContain('null');
    expect((await ask(schema, lacking, query)).refused).toEqual(refused);
  },
);

test('what is denied is null alone: its neighbours are answered', async () => {
  const schema = guarded();
  const { data } = await ask(schema, 'clinical:read', '{ patient { id name latest { text } } }');
  expect(data).toEqual({ patient: { id: 'p', name: null, latest: { text: 'seen' } } });
  const both = '{ __typename: "Checkup", id: "c" }, { __typename: "Allergy", id: "a" }';
  const entities = await ask(
    schema,
    'prescription:read',
    `{ _entities(representations: [${both}]) { __typename } vitals { pulse } }`,
  );
  expect(entities.data).toEqual({ _entities: [null, { __typename: 'Allergy' }], vitals: null });
});

test('scopes and policies are asked together', async () => {
  const schema = guarded();
  const trail = '{ trail { of } }';
  expect((await ask(schema, 'audit:read', trail, ['auditor'])).refused).toEqual([]);
  expect((await ask(schema, 'audit:read', trail, ['clinician'])).refused).toEqual(['trail']);
  expect((await ask(schema, 'staff:read', trail, ['auditor'])).refused).toEqual(['trail']);
});

test('nothing behind a refusal runs', async () => {
  const reached = vi.fn();
  const schema = guarded(sdl, resolversOf(reached));
  const fields = '{ checkups { notes { text } } vitals { pulse } trail { of } }';
  for (const query of [fields, 'mutation { rename { id } }', reference('Patient')]) {
    await ask(schema, 'medicine:read', query, ['auditor']);
  }
  expect(reached).not.toHaveBeenCalled();
});

test('a refusal names the place and what it asks for, and nothing of who was refused', async () => {
  const schema = guarded();
  const contextValue = { actor: { permissions: new Set(['staff:read']), roles: ['auditor'] } };
  const source = '{ v: vitals { pulse } trail { of } patient { latest { id } } }';
  const { errors } = await graphql({ schema, source, contextValue });
  expect(errors?.map(({ originalError }) => originalError)).toMatchObject([
    {
      details: { coordinate: 'Query.vitals', scopes: 'clinical:read | patient:read, device:read' },
    },
    {
      details: {
        coordinate: 'Query.trail',
        scopes: 'audit:read',
        policies: 'audits-institution',
      },
    },
    { details: { coordinate: 'Patient.latest', scopes: 'clinical:read' } },
  ]);
});

test('fifty rows ask the actor once', async () => {
  const schema = guarded(sdl, {
    ...resolversOf(),
    Query: { patient: () => ({ ...patient, all: Array.from({ length: 50 }, () => checkup) }) },
  } as GraphQLResolverMap);
  const has = vi.fn(() => true);
  const actor = { permissions: { has }, roles: [] };
  const source = '{ patient { all { id text self { self { text } } } } }';
  const { errors } = await graphql({ schema, source, contextValue: { actor } });
  expect(errors).toBeUndefined();
  expect(has).toHaveBeenCalledOnce();
  await graphql({ schema, source, contextValue: { actor: { ...actor } } });
  expect(has).toHaveBeenCalledTimes(2);
});

/** One change to a schema that boots, and the line that refuses it. */
const faulty: [change: [from: string, to: string], line: string][] = [
  [[': Patient @authenticated', ': Patient'], 'Query.patient: a root field without an access'],
  [[' @requiresScopes(scopes: [["patient:write"]])', ''], 'Mutation.rename: a root field'],
  [['"id") @authenticated', '"id")'], 'Patient: an entity without an access directive'],
  [[`resolvable: false) ${reads('staff')}`, 'resolvable: false)'], 'Staff: an entity without'],
  [['name: String', 'name: String!'], 'Patient.name: may be denied and cannot be null'],
  [['latest: Checkup', 'latest: Checkup!'], 'Patient.latest: may be denied'],
  [['all: [Checkup!]', 'all: [Checkup!]!'], 'Patient.all: may be denied'],
  [['facts: [Fact]', 'facts: [Fact!]'], 'Query.facts: may be denied'],
  [['notes: [Note]', 'notes: [Note!]!'], 'CheckupConnection.notes: may be denied'],
  [['temperature: Int', 'temperature: Int!'], 'Vitals.temperature: may be denied'],
  [['vitals: Vitals', 'vitals: Vitals!'], 'Query.vitals: may be denied'],
  [['all: [Checkup!]', 'all: [Checkup!] born: Int'], 'Patient.born: a field that says nothing'],
  [['rename: Patient', 'rename: Patient!'], 'Mutation.rename: may be denied'],
  [
    ['type Trail {', 'type Trail { checkups: CheckupConnection '],
    'CheckupEdge.node: may be denied and cannot be null',
  ],
  [['"patient:read"]]', '"patient:reed"]]'], 'Patient.name: nobody knows "patient:reed"'],
  [['"audits-institution"', '"audits"'], 'Query.trail: nobody knows "audits"'],
  [['scopes: [["audit:read"]]', 'scopes: []'], 'Query.trail: nobody knows ""'],
  [['interface Note', `interface Note @authenticated`], 'Note: an access directive on what'],
  [['Note { text: String', `Note { text: String @authenticated`], 'Note.text: an access directive'],
  [['interface Note', 'interface Note @key(fields: "id")'], 'Note: an interface that is an entity'],
];

test('the schema of these tests boots', () => {
  expect(() => guarded()).not.toThrow();
});

test.each(faulty)('%j does not boot', ([from, to], line) => {
  const changed = sdl.replace(from, to);
  expect(changed).not.toBe(sdl);
  expect(() => guarded(changed)).toThrow(line);
});

test('an interface object, which can carry no directive, asks by its fields', () => {
  const place = 'type Place @key(fields: "id") @interfaceObject { id: ID! seen: [Checkup!] }';
  expect(() => guarded(`${sdl} ${place}`)).not.toThrow();
  const open = place.replace('[Checkup!]', 'Int');
  expect(() => guarded(`${sdl} ${open}`)).toThrow('Place.seen: a field that says nothing');
});

test('every coordinate that is not in order is told at once', () => {
  const broken = sdl
    .replace(': Patient @authenticated', ': Patient')
    .replace('name: String', 'name: String!');
  const boot = () => guarded(broken);
  expect(boot).toThrow('Query.patient: ');
  expect(boot).toThrow('Patient.name: ');
});

test('a non-null field is in order where every way to it has asked the same, or more', () => {
  const more = sdl
    .replace('type Trail {', `type Trail { connection: CheckupConnection ${reads('clinical')} `)
    .replace('temperature: Int', `temperature: Int! ${reads('clinical')}`)
    .replace(
      `[["clinical:read"], ["patient:read", "device:read"]]`,
      '[["clinical:read", "audit:read"]]',
    )
    .replace(`${reads('clinical')} ${reads('audit')}`, reads('audit'));
  expect(() => guarded(more)).not.toThrow();
});

test('an entity whose fields answer without a reference resolver does not boot', () => {
  const { Checkup: _left, ...rest } = resolversOf();
  const without = { ...rest, Checkup: { self: (one: unknown) => one } } as GraphQLResolverMap;
  expect(() => guarded(sdl, without)).toThrow('Checkup: an entity with fields and without');
});

test('a subscription is guarded like any other root field', () => {
  const open = `${sdl} type Subscription { renamed: Patient }`;
  expect(() => guarded(open)).toThrow('Subscription.renamed: a root field');
});

test('a representation of what is no entity here is the mistake of who asks', async () => {
  const source = reference('Nobody');
  const actor = { permissions: new Set(['patient:read']), roles: [] };
  const { errors } = await graphql({ schema: guarded(), source, contextValue: { actor } });
  expect(errors?.[0]?.originalError).toMatchObject({ code: 'BAD_USER_INPUT' });
});
