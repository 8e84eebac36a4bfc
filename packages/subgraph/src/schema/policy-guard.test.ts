import { buildSubgraphSchema, type GraphQLResolverMap } from '@apollo/subgraph';
import { graphql, parse, type GraphQLSchema } from 'graphql';
import { expect, test, vi } from 'vitest';
import { requires } from '@caregraph/access';
import { guardWithPolicies } from './policy-guard.ts';

const sdl = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.12", import: ["@key"])
type Query { patient: Patient }
type Mutation { rename: Patient }
type Patient @key(fields: "id") { id: ID! name: String }
interface Place @key(fields: "id") { id: ID! }
type Village implements Place @key(fields: "id") { id: ID! }`;

const readPatients = requires('patient:read');
const policies = {
  'Query.patient': readPatients,
  'Mutation.rename': readPatients,
  'Patient.__resolveReference': readPatients,
};
const found = { id: '1', name: 'Asha' };

function schemaOf(
  resolvers: Record<string, unknown> = {},
  typeDefs = sdl,
): { schema: GraphQLSchema; reached: ReturnType<typeof vi.fn> } {
  const reached = vi.fn(() => found);
  const all = {
    Query: { patient: reached },
    Mutation: { rename: reached },
    Patient: { __resolveReference: reached },
    ...resolvers,
  } as GraphQLResolverMap;
  return { schema: buildSubgraphSchema([{ typeDefs: parse(typeDefs), resolvers: all }]), reached };
}

test('every root field and entity with its policy: the subgraph boots', () => {
  expect(() => guardWithPolicies(schemaOf().schema, policies)).not.toThrow();
});

test.each(Object.keys(policies))('without the policy of %s it does not boot', (coordinate) => {
  const { [coordinate]: _left, ...rest } = policies as Record<string, typeof readPatients>;
  expect(() => guardWithPolicies(schemaOf().schema, rest)).toThrow(
    `fields without a policy: [${coordinate}]`,
  );
});

test.each(['Query.patients', 'Patient.name', 'Village.__resolveReference', 'Nobody.there'])(
  'with a policy for %s, which nothing asks, it does not boot',
  (coordinate) => {
    const idle = { ...policies, [coordinate]: readPatients };
    expect(() => guardWithPolicies(schemaOf().schema, idle)).toThrow(
      `policies without: [${coordinate}]`,
    );
  },
);

test('a subscription needs a policy like any other root field', () => {
  const { schema } = schemaOf({}, `${sdl} type Subscription { renamed: Patient }`);
  expect(() => guardWithPolicies(schema, policies)).toThrow('[Subscription.renamed]');
});

test('an entity interface needs a policy like any other entity', () => {
  const { schema } = schemaOf({ Place: { __resolveReference: () => found } });
  expect(() => guardWithPolicies(schema, policies)).toThrow('[Place.__resolveReference]');
});

test('an entity whose fields answer without a reference resolver does not boot', () => {
  const { schema } = schemaOf({ Patient: { name: () => 'Asha' } });
  const { 'Patient.__resolveReference': _left, ...rest } = policies;
  expect(() => guardWithPolicies(schema, rest)).toThrow(
    'fields without a policy: [Patient.__resolveReference]',
  );
  expect(() => guardWithPolicies(schema, policies)).toThrow('has no resolver');
});

const actor = (held: readonly string[]) => ({ actor: { permissions: new Set(held) } });
const byReference =
  '{ _entities(representations: [{ __typename: "Patient", id: "1" }]) { __typename } }';

test.each(['{ patient { name } }', 'mutation { rename { name } }', byReference])(
  '%s is refused before its resolver runs, and answered with the permission',
  async (source) => {
    const { schema, reached } = schemaOf();
    guardWithPolicies(schema, policies);
    const refused = await graphql({ schema, source, contextValue: actor([]) });
    expect(refused.errors?.[0]?.originalError).toMatchObject({ code: 'FORBIDDEN' });
    expect(reached).not.toHaveBeenCalled();
    const served = await graphql({ schema, source, contextValue: actor(['patient:read']) });
    expect(served.errors).toBeUndefined();
    expect(reached).toHaveBeenCalledOnce();
  },
);
