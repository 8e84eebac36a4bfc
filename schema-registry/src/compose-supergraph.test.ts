import { expect, test } from 'vitest';
import { composeSupergraph, type SubgraphSources } from './compose-supergraph.ts';
import { formatProblem } from './schema-problem.ts';

const contract = {
  path: 'contract/federation.graphql',
  text: `extend schema @link(url: "https://specs.apollo.dev/federation/v2.12", import: ["@key", "@shareable", "@external", "@requires", "@provides", "@inaccessible", "@tag", "@interfaceObject", "@override"])`,
};

function subgraph(name: string, text: string, header = contract): SubgraphSources {
  const path = `subgraphs/${name}/src/${name}/${name}.graphql`;
  return { name, url: `http://${name}/graphql`, typeDefs: [header, { path, text }] };
}

const patient = subgraph(
  'patient',
  'type Query { patient(id: ID!): Patient }\ntype Patient @key(fields: "id") { id: ID! name: String }',
);
const clinical = subgraph(
  'clinical',
  'type Patient @key(fields: "id") { id: ID! checkups: [Checkup!] }\ntype Checkup { id: ID! }',
);

function problemsOf(...subgraphs: SubgraphSources[]) {
  const composition = composeSupergraph(subgraphs);
  if (composition.kind === 'composed') throw new Error('composed, but should have been refused');
  return composition.problems;
}

test('subgraphs that fit make a supergraph, whatever their order', () => {
  const composition = composeSupergraph([patient, clinical]);
  expect(composition).toMatchObject({ kind: 'composed', hints: [] });
  expect(composeSupergraph([clinical, patient])).toEqual(composition);
});

test('a syntax error names file and line', () => {
  const broken = subgraph('audit', 'type Query {\n  head: String\n  tail String\n}');
  const [problem] = problemsOf(patient, broken);
  expect(problem).toMatchObject({
    code: 'SYNTAX_ERROR',
    subgraph: 'audit',
    file: 'subgraphs/audit/src/audit/audit.graphql',
    line: 3,
  });
});

test('what is defined twice names file and line', () => {
  const [first, second] = patient.typeDefs;
  const again = {
    path: 'subgraphs/patient/src/household.graphql',
    text: '\n\ntype Query { a: Int }',
  };
  const twice = { ...patient, typeDefs: [first, second, again].filter((file) => !!file) };
  expect(problemsOf(twice)).toMatchObject([
    { code: 'DEFINED_TWICE', file: again.path, line: 3, subgraph: 'patient' },
  ]);
});

test('an unknown type names file and line', () => {
  const broken = subgraph('audit', 'type Query {\n\n  head: TreeHaed\n}');
  expect(problemsOf(patient, broken)).toContainEqual(
    expect.objectContaining({
      subgraph: 'audit',
      file: 'subgraphs/audit/src/audit/audit.graphql',
      line: 3,
    }),
  );
});

test('a composition error names file and line', () => {
  const clash = subgraph(
    'clinical',
    'type Patient @key(fields: "id") {\n  id: ID!\n  name: Int\n}',
  );
  const [problem] = problemsOf(patient, clash);
  expect(problem?.file).toMatch(/^subgraphs\/(clinical|patient)\//);
  expect(problem?.line).toBeGreaterThan(0);
  expect(problem && formatProblem(problem)).toMatch(/graphql:\d+: FIELD_TYPE_MISMATCH: .*name/);
});

test('a field that no plan can reach is refused', () => {
  const unreachable = subgraph(
    'clinical',
    'type Query { checkup: Checkup }\ntype Checkup { id: ID! by: Staff }\ntype Staff { id: ID! }',
  );
  const staff = subgraph(
    'institution',
    'type Query { me: Staff }\ntype Staff { id: ID! name: String }',
  );
  expect(problemsOf(unreachable, staff).length).toBeGreaterThan(0);
});

test('SDL without the Federation 2 link is refused, not read as Federation 1', () => {
  const unlinked = subgraph('audit', 'type Query { head: String }', {
    path: 'contract/empty.graphql',
    text: 'scalar DateTime',
  });
  expect(problemsOf(patient, unlinked)).toMatchObject([{ code: 'FEDERATION_LINK_MISSING' }]);
});
