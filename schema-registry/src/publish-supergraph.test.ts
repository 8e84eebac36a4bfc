import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkSupergraph, loadSupergraph, publishSupergraph } from './publish-supergraph.ts';

let root: string;

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), text);
}

const patientSdl = 'subgraphs/patient/src/patient/patient.graphql';

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'caregraph-registry-'));
  await write(
    'packages/subgraph/src/contract/federation.graphql',
    'extend schema @link(url: "https://specs.apollo.dev/federation/v2.12", import: ["@key", "@authenticated", "@requiresScopes"])',
  );
  await write(
    patientSdl,
    'type Query { patient(id: ID!): Patient @authenticated }\ntype Patient @key(fields: "id") { id: ID! name: String phone: String }',
  );
  await write(
    'subgraphs/audit/src/audit-event/audit-event.graphql',
    'type Patient @key(fields: "id") { id: ID! accessHistory: [String!] }',
  );
});
afterEach(() => rm(root, { recursive: true }));

test('publishes one file a subgraph and the supergraph, and nothing the second time', async () => {
  expect(await publishSupergraph(root)).toMatchObject({
    kind: 'published',
    written: [
      'schema-registry/published/audit.graphql',
      'schema-registry/published/patient.graphql',
      'schema-registry/published/supergraph.graphql',
    ],
  });
  const sdl = await loadSupergraph(join(root, 'schema-registry/published/supergraph.graphql'));
  expect(sdl).toContain('join__Graph');
  const published = await readFile(join(root, 'schema-registry/published/patient.graphql'), 'utf8');
  expect(published).toContain(`# ${patientSdl}`);
  expect(await publishSupergraph(root)).toMatchObject({ written: [], removed: [] });
  expect(await checkSupergraph(root)).toMatchObject({ kind: 'up-to-date' });
});

test('check finds files that are out of date and what would break clients', async () => {
  await publishSupergraph(root);
  await write(
    patientSdl,
    'type Query { patient(id: ID!): Patient @authenticated }\ntype Patient @key(fields: "id") { id: ID! name: String! email: String }',
  );
  const report = await checkSupergraph(root);
  expect(report).toMatchObject({
    kind: 'outdated',
    outdated: [
      'schema-registry/published/patient.graphql',
      'schema-registry/published/supergraph.graphql',
    ],
  });
  const changes = report.kind === 'refused' ? [] : report.changes;
  expect(changes.filter(({ criticality }) => criticality === 'breaking')).toMatchObject([
    { path: 'Patient.phone' },
  ]);
});

test('the file of a subgraph that is gone is removed', async () => {
  await publishSupergraph(root);
  await rm(join(root, 'subgraphs/audit'), { recursive: true });
  expect(await checkSupergraph(root)).toMatchObject({ kind: 'outdated' });
  expect(await publishSupergraph(root)).toMatchObject({
    removed: ['schema-registry/published/audit.graphql'],
  });
});

test('subgraphs that do not compose leave the published files alone', async () => {
  await publishSupergraph(root);
  await write(patientSdl, 'type Query { patient(id: ID!): Patiet }');
  const report = await publishSupergraph(root);
  expect(report).toMatchObject({ kind: 'refused', problems: [{ file: patientSdl, line: 1 }] });
  const path = join(root, 'schema-registry/published/supergraph.graphql');
  expect(await loadSupergraph(path)).toContain('phone');
});

test('a field that the other subgraph lets nobody see, and that cannot be null, is not published', async () => {
  await publishSupergraph(root);
  await write(
    patientSdl,
    `type Query { patient(id: ID!): Patient @authenticated }
    type Patient @key(fields: "id") @requiresScopes(scopes: [["patient:read"]]) { id: ID! }`,
  );
  await write(
    'subgraphs/audit/src/audit-event/audit-event.graphql',
    `type Query { last: Event @requiresScopes(scopes: [["audit:read"]]) }
    type Event { patient: Patient! }
    type Patient @key(fields: "id", resolvable: false) @authenticated { id: ID! }`,
  );
  expect(await publishSupergraph(root)).toMatchObject({
    kind: 'refused',
    problems: [
      { code: 'ACCESS_NOT_IN_ORDER', message: 'Event.patient: may be denied and cannot be null' },
    ],
  });
});

test('a requirement on a key is refused, in whichever subgraph it stands', async () => {
  await write(
    'subgraphs/audit/src/audit-event/audit-event.graphql',
    'type Patient @key(fields: "id") { id: ID! @requiresScopes(scopes: [["audit:read"]]) accessHistory: [String!] }',
  );
  expect(await publishSupergraph(root)).toMatchObject({
    kind: 'refused',
    problems: expect.arrayContaining([
      expect.objectContaining({
        code: 'ACCESS_NOT_IN_ORDER',
        message: 'Patient.id: an access directive on a field of a key',
      }),
    ]),
  });
});
