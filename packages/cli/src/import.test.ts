import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '@caregraph/clock';
import { readOrMakeKeys, startDeployment, type Deployment } from '@caregraph/deployment';
import {
  createImportIds,
  defaultSource,
  importFhir,
  importInstitutionId,
  unkeyedIds,
  type ImportIds,
  type ImportOptions,
  type ImportSummary,
} from '@caregraph/fhir-import';
import { createLogger } from '@caregraph/observability';
import {
  createTestDatabase,
  createTestKeys,
  type TestDatabase,
  type TestKeys,
} from '@caregraph/testbed';
import { connectImport } from './import-server.ts';

const stores = ['patient', 'clinical', 'prescription', 'institution', 'audit'] as const;
const areaId = unkeyedIds.of('Area', 'test district');
const actorId = unkeyedIds.of('Staff', 'test importer');

let folder: string;
let url: string;
let deployment: Deployment;
let testKeys: TestKeys;
let importKey: Uint8Array;
let ids: ImportIds;
let databases: Record<(typeof stores)[number], TestDatabase>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fhir-import-'));
  const made = await Promise.all(
    stores.map(async (store) => [store, await createTestDatabase(store)]),
  );
  databases = Object.fromEntries(made);
  testKeys = await createTestKeys();
  const keys = await readOrMakeKeys(join(folder, 'keys'));
  importKey = keys.importIds;
  ids = createImportIds(importKey);
  deployment = await startDeployment({
    keyDatabase: testKeys.keyDatabase,
    keyService: testKeys.keyService,
    databases: {
      patient: databases.patient.target,
      clinical: databases.clinical.target,
      prescription: databases.prescription.target,
      institution: databases.institution.target,
      audit: databases.audit.target,
    },
    keys,
    log: createLogger({ service: 'test', level: 'silent' }),
    clock: systemClock,
    phoneRegion: 'IN',
    router: { host: '127.0.0.1', port: 0 },
  });
  url = new URL('/graphql', await deployment.listen()).href;
  await plantDistrict();
  await writeBundles();
});
afterAll(async () => {
  await deployment.stop();
  await testKeys.stop();
  await Promise.all(Object.values(databases).map((database) => database.drop()));
  await rm(folder, { recursive: true });
});

const token = () =>
  deployment.tokens.issue({
    id: actorId,
    roles: ['importer', 'platform_admin'],
    institutionId: importInstitutionId(ids, defaultSource),
    areaRoots: [areaId],
    purposes: ['care_coordination'],
  });

async function ask(query: string, variables: Record<string, unknown>) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${await token()}` },
    body: JSON.stringify({ query, variables }),
  });
  return (await response.json()) as { data: Record<string, unknown>; errors?: unknown };
}

/** A district lies where it does in a country: below a state. */
async function plantDistrict(): Promise<void> {
  const idOf = (kind: string) => (kind === 'DISTRICT' ? areaId : unkeyedIds.of('Area', kind));
  let parentId: string | undefined;
  for (const kind of ['COUNTRY', 'STATE', 'DISTRICT']) {
    const operation = {
      id: unkeyedIds.of('operation', kind),
      deviceId: unkeyedIds.of('Device', 'test'),
      deviceSequence: 1,
      recordedAt: '2020-01-01T00:00:00.000Z',
    };
    const input = { id: idOf(kind), kind, name: 'Test', timeZone: 'Asia/Kolkata', parentId };
    const answer = await ask(
      `mutation ($operation: OperationInput!, $input: RegisterAreaInput!) {
        registerArea(operation: $operation, input: $input) { verdict }
      }`,
      { operation, input },
    );
    expect(answer).toEqual({ data: { registerArea: { verdict: 'APPLIED' } } });
    parentId = input.id;
  }
  expect(await deployment.settle(30_000)).toBe(true);
}

const uuid = (number: number) => `0000000${number}-1111-4222-8333-444444444444`;
const loinc = (code: string) => ({ coding: [{ system: 'http://loinc.org', code }] });
const measured = (value: number, code: string) => ({ valueQuantity: { value, code } });
const about = { subject: { reference: `urn:uuid:${uuid(1)}` } };
const at = { encounter: { reference: `urn:uuid:${uuid(4)}` } };
const when = '2024-05-04T10:00:00+05:30';
const seen = { ...about, ...at, status: 'final', effectiveDateTime: when };

/** A tiny made-up history: one child, their mother, one visit. */
const resources = [
  { resourceType: 'Organization', id: uuid(2), name: 'Block hospital', active: true },
  {
    resourceType: 'Practitioner',
    id: uuid(3),
    active: false,
    name: [{ family: 'Rao', given: ['Anil'] }],
    identifier: [{ system: 'http://hl7.org/fhir/sid/us-npi', value: '77' }],
  },
  {
    resourceType: 'Patient',
    id: uuid(1),
    name: [{ family: 'Devi', given: ['Asha'] }],
    gender: 'female',
    birthDate: '2020-03-01',
    identifier: [{ system: 'urn:test', value: 'A-1' }],
  },
  {
    resourceType: 'RelatedPerson',
    id: uuid(9),
    patient: about.subject,
    name: [{ family: 'Devi', given: ['Sita'] }],
    relationship: [
      { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-RoleCode', code: 'MTH' }] },
    ],
  },
  {
    resourceType: 'Encounter',
    id: uuid(4),
    status: 'finished',
    ...about,
    period: { start: when },
    participant: [
      {
        individual: {
          reference: 'Practitioner?identifier=http://hl7.org/fhir/sid/us-npi|77',
        },
      },
    ],
    serviceProvider: { reference: `Organization/${uuid(2)}` },
  },
  {
    resourceType: 'Observation',
    id: 'o-1',
    ...seen,
    code: loinc('85354-9'),
    component: [
      { code: loinc('8480-6'), ...measured(98, 'mm[Hg]') },
      { code: loinc('8462-4'), ...measured(61, 'mm[Hg]') },
    ],
  },
  {
    resourceType: 'Observation',
    id: 'o-2',
    ...seen,
    code: loinc('8310-5'),
    ...measured(100.4, '[degF]'),
  },
  {
    resourceType: 'Observation',
    id: 'o-3',
    ...seen,
    code: loinc('8867-4'),
    ...measured(900, '/min'),
  },
  {
    resourceType: 'Observation',
    id: 'o-4',
    ...seen,
    code: loinc('2093-3'),
    ...measured(1, 'mg/dL'),
  },
  {
    resourceType: 'Condition',
    id: 'c-1',
    ...about,
    ...at,
    code: { coding: [{ system: 'http://snomed.info/sct', code: '386661006', display: 'Fever' }] },
  },
  {
    resourceType: 'Immunization',
    id: 'i-1',
    status: 'completed',
    patient: about.subject,
    ...at,
    vaccineCode: { coding: [{ system: 'http://hl7.org/fhir/sid/cvx', code: '03' }] },
    occurrenceDateTime: when,
  },
  {
    resourceType: 'MedicationRequest',
    id: 'm-1',
    status: 'stopped',
    intent: 'order',
    ...about,
    ...at,
    authoredOn: when,
    medicationCodeableConcept: {
      coding: [{ system: 'http://www.nlm.nih.gov/research/umls/rxnorm', code: '313782' }],
    },
  },
  {
    resourceType: 'AllergyIntolerance',
    id: 'a-1',
    patient: about.subject,
    code: { coding: [{ system: 'http://snomed.info/sct', code: '91936005' }] },
    recordedDate: '2023-01-01',
  },
  { resourceType: 'Patient', id: 'p-2', name: [{ text: 'X' }], birthDate: '31.12.1999' },
  { resourceType: 'Claim', id: 'x' },
];

async function writeBundles(): Promise<void> {
  await mkdir(join(folder, 'bundles'));
  const entry = resources.map((resource) => ({
    resource,
    ...(resource.id.length === 36 ? { fullUrl: `urn:uuid:${resource.id}` } : {}),
  }));
  const bundle = JSON.stringify({ resourceType: 'Bundle', type: 'collection', entry });
  await writeFile(join(folder, 'bundles', 'child.json'), bundle);
  await writeFile(join(folder, 'bundles', 'cut.json'), bundle.slice(0, 200));
}

function load(path: string, over: Partial<ImportOptions> = {}): Promise<ImportSummary> {
  const { sender } = connectImport(url, token);
  return importFhir({
    ...{ paths: [path], areaId, actorId, ids, sender, clock: systemClock, batchSize: 50 },
    importerName: 'Test import',
    ...over,
  });
}

/** Every row that an import may write; when something was received says nothing of what it was. */
async function contents(): Promise<string> {
  const tables = await Promise.all(
    (['patient', 'clinical', 'prescription', 'institution'] as const).map(async (store) => {
      const pool = deployment.pools[store];
      const { rows } = await pool.query<{ name: string }>(
        `SELECT table_name AS name FROM information_schema.tables
         WHERE table_schema = 'public' AND table_type = 'BASE TABLE'
           AND table_name NOT IN ('outbox_event', 'inbox_event', '_prisma_migrations')
         ORDER BY 1`,
      );
      return Promise.all(
        rows.map(async ({ name }) => {
          const found = await pool.query(`SELECT t::text AS row FROM "${name}" t ORDER BY 1`);
          return [store, name, found.rows];
        }),
      );
    }),
  );
  return JSON.stringify(tables);
}

test('records, their links and what was wrong with them', async () => {
  const summary = await load(join(folder, 'bundles'));
  expect(summary.issues.map(({ file, path, code, lost }) => [file, path, code, lost])).toEqual([
    ['child.json', 'entry[13].resource.birthDate', 'RECORD_INVALID', 'RECORD'],
    ['cut.json', '$ (byte 200)', 'JSON_TRUNCATED', 'FILE'],
    ['child.json', 'entry[7].resource.valueQuantity', 'VALUE_IMPOSSIBLE', 'RECORD'],
  ]);
  expect(summary.notTaken).toMatchObject({ Claim: 1, 'Observation 2093-3': 1 });
  expect(summary.types).toMatchObject({
    Patient: { read: 2, taken: 1, bad: 1 },
    RelatedPerson: { taken: 1 },
    Observation: { read: 4, taken: 2, bad: 1, left: 1 },
    MedicationRequest: { taken: 1 },
    AllergyIntolerance: { taken: 1 },
  });
  expect(summary.provisional).toBe(0);

  const answer = await ask(
    `query ($id: UUID!) {
      patient(id: $id) {
        name
        relationships { kind fromPatient { name } }
        checkups(first: 5) { edges { node {
          vitals { systolicMmHg temperatureCelsius pulsePerMin }
          diagnoses { coding { code } }
          attendedBy { name dismissedAt } institution { name kind } recordedBy { name }
        } } }
        immunizations(first: 5) { edges { node { vaccine { code } givenOn } } }
        prescriptions(first: 5) { edges { node { state imported checkup { id } } } }
        allergies { substance { group } }
      }
    }`,
    { id: ids.of('Patient', `urn:uuid:${uuid(1)}`) },
  );
  expect(answer.errors).toBeUndefined();
  expect(answer.data['patient']).toMatchObject({
    name: 'Asha Devi',
    relationships: [{ kind: 'MOTHER', fromPatient: { name: 'Sita Devi' } }],
    checkups: {
      edges: [
        {
          node: {
            vitals: { systolicMmHg: 98, temperatureCelsius: 38, pulsePerMin: null },
            diagnoses: [{ coding: { code: '386661006' } }],
            attendedBy: { name: 'Anil Rao', dismissedAt: '1970-01-01T00:00:00.000Z' },
            institution: { name: 'Block hospital', kind: 'HOSPITAL' },
            recordedBy: { name: 'Test import' },
          },
        },
      ],
    },
    immunizations: { edges: [{ node: { vaccine: { code: 'MMR' }, givenOn: '2024-05-04' } }] },
    prescriptions: { edges: [{ node: { state: 'CANCELLED', imported: true } }] },
    allergies: [{ substance: { group: 'penicillins' } }],
  });
});

test('the same import again changes no row', async () => {
  const before = await contents();
  const summary = await load(join(folder, 'bundles'));
  expect(summary.types.Encounter).toMatchObject({ taken: 0, replayed: 1 });
  expect(await contents()).toBe(before);
});

test('a changed record is told and does not overwrite the one that is there', async () => {
  const changed = resources.map((one) =>
    one.resourceType === 'Patient' && one.id === uuid(1) ? { ...one, gender: 'other' } : one,
  );
  const file = join(folder, 'changed.ndjson');
  await writeFile(file, changed.map((one) => JSON.stringify(one)).join('\n'));
  const summary = await load(file);
  expect(summary.types.Patient).toMatchObject({ taken: 0, existing: 1 });
  expect(summary.types.Encounter).toMatchObject({ taken: 0, replayed: 1 });
});

function startCommand(
  args: readonly string[],
  dataDirectory = join(folder, 'keys'),
  over: Readonly<Record<string, string>> = {},
) {
  const command = [join(import.meta.dirname, 'main.ts'), 'import', 'fhir', ...args];
  return spawn(process.execPath, command, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, CAREGRAPH_DATA: dataDirectory, ...over },
  });
}

const runCommand = (...args: readonly string[]) => ended(startCommand(args));

async function ended(child: ReturnType<typeof startCommand>) {
  let out = '';
  let said = '';
  child.stdout.on('data', (chunk) => (out += String(chunk)));
  child.stderr.on('data', (chunk) => (said += String(chunk)));
  const code = await new Promise((done) => child.on('close', done));
  return { code, out, said };
}

test('the command loads files, says what it did and writes a report', async () => {
  const report = join(folder, 'report.json');
  const given = ['--token', await token(), '--url', url, '--report', report];
  const { code, out, said } = await runCommand(join(folder, 'bundles', 'child.json'), ...given);
  expect(code).toBe(2);
  expect(said).toMatch(/^100% prescriptions$/m);
  expect(out).toContain('child.json entry[13].resource.birthDate: RECORD_INVALID (not loaded)');
  const written = await readFile(report, 'utf8');
  expect(JSON.parse(written)).toMatchObject({ issueCount: 2, files: 1 });
  // Nothing of anybody's record is in what the command tells.
  expect(`${out}${said}${written}`).not.toMatch(/Asha|Sita|Devi|2020-03-01|A-1|31\.12\.1999/);
});

test('without a token, the key of the deployment signs one, and the one district is found', async () => {
  const file = join(folder, 'bundles', 'child.json');
  const { code, out } = await runCommand(file, '--url', url, '--source', 'urn:other', '--quiet');
  expect([code, out]).toEqual([2, '']);
  const { rows } = await deployment.pools.institution.query<{ name: string }>(
    `SELECT institution_id AS name FROM staff WHERE id = $1`,
    [unkeyedIds.of('Staff', 'caregraph import')],
  );
  expect(rows).toEqual([{ name: importInstitutionId(ids, 'urn:other') }]);
  const { rows: areas } = await deployment.pools.institution.query<{ id: string }>(
    `SELECT area_id AS id FROM institution WHERE id = $1`,
    [importInstitutionId(ids, 'urn:other')],
  );
  expect(areas).toEqual([{ id: areaId }]);
});

test.each([
  ['http://127.0.0.1:9/graphql', 'No server answers at http://127.0.0.1:9'],
  ['', 'does not accept the token'],
])('the command stops with a clear message: %s', async (otherUrl, message) => {
  const other = otherUrl === '' ? `${(await token()).slice(0, -8)}AAAAAAAA` : await token();
  const given = ['--token', other, '--area', areaId, '--url', otherUrl || url];
  const { code, said } = await runCommand(folder, ...given);
  expect(code).toBe(1);
  expect(said).toContain(message);
  expect(said).toContain(new URL(otherUrl || url).origin);
});

test('without an address, the port of the environment is asked', async () => {
  const { port } = new URL(url);
  const given = [folder, '--area', areaId, '--token', `${(await token()).slice(0, -8)}AAAAAAAA`];
  const { said } = await ended(startCommand(given, undefined, { PORT: port }));
  expect(said).toContain(`The server at http://127.0.0.1:${port} does not accept the token`);
});

test('a server of another machine needs a key that is named', async () => {
  const file = join(folder, 'key-wanted.ndjson');
  const one = { resourceType: 'Patient', id: 'key-wanted', name: [{ text: 'Somebody' }] };
  await writeFile(file, JSON.stringify(one));
  const elsewhere = join(folder, 'elsewhere');
  const given = [file, '--token', await token(), '--area', areaId, '--url', url];
  const without = await ended(startCommand(given, elsewhere));
  expect([without.code, without.said]).toEqual([1, expect.stringContaining('--key-file')]);

  const keyFile = join(folder, 'import-key');
  await writeFile(keyFile, Buffer.from(importKey).toString('base64'), { mode: 0o600 });
  const { code } = await ended(startCommand([...given, '--key-file', keyFile], elsewhere));
  expect(code).toBe(0);
  const id = ids.of('Patient', `${defaultSource}|Patient/key-wanted`);
  const { data } = await ask(`query ($id: UUID!) { patient(id: $id) { name } }`, { id });
  expect(data).toEqual({ patient: { name: 'Somebody' } });
});

test('a source that was imported before ids had a key makes nobody twice', async () => {
  const source = 'urn:before';
  const file = join(folder, 'before.ndjson');
  const lines = [
    { resourceType: 'Patient', id: 'b-1', name: [{ text: 'Someone' }] },
    {
      ...{ resourceType: 'Encounter', id: 'b-2', status: 'finished' },
      ...{ subject: { reference: 'Patient/b-1' }, period: { start: when } },
    },
  ];
  await writeFile(file, lines.map((one) => JSON.stringify(one)).join('\n'));
  const { types } = await load(file, {
    source,
    ids: { of: unkeyedIds.of, within: unkeyedIds.of },
  });
  expect(types).toMatchObject({ Patient: { taken: 1 }, Encounter: { taken: 1 } });

  const given = [file, '--token', await token(), '--url', url];
  const patients = () => countOf('patient', 'patient');
  const checkups = () => countOf('clinical', 'checkup');
  const before = [await patients(), await checkups()];
  const { code, said } = await runCommand(...given, '--source', source);
  expect([code, said]).toEqual([1, expect.stringContaining('--earlier-ids')]);

  const report = join(folder, 'before.json');
  const again = ['--source', source, '--earlier-ids', '--report', report];
  expect((await runCommand(...given, ...again)).code).toBe(0);
  expect(JSON.parse(await readFile(report, 'utf8'))).toMatchObject({
    types: { Patient: { taken: 0, existing: 1 }, Encounter: { taken: 0, existing: 1 } },
  });
  expect([await patients(), await checkups()]).toEqual(before);

  const other = await runCommand(...given, '--source', 'urn:new', '--earlier-ids');
  expect([other.code, other.said]).toEqual([1, expect.stringContaining('can be guessed')]);
});

async function countOf(store: 'patient' | 'clinical', table: string): Promise<number> {
  const { rows } = await deployment.pools[store].query<{ count: number }>(
    `SELECT count(*)::int AS count FROM "${table}"`,
  );
  return rows[0]?.count ?? 0;
}

test('an import that was killed goes on where it was', async () => {
  const count = 150;
  const lines = Array.from({ length: count }, (_, index) => [
    { resourceType: 'Patient', id: `k-${index}`, name: [{ text: `Person ${index}` }] },
    {
      ...{ resourceType: 'Encounter', id: `v-${index}`, status: 'finished' },
      subject: { reference: `Patient/k-${index}` },
      period: { start: when },
    },
  ]).flat();
  const file = join(folder, 'many.ndjson');
  await writeFile(file, lines.map((one) => JSON.stringify(one)).join('\n'));

  const killed = startCommand([file, '--url', url, '--token', await token(), '--batch', '5']);
  killed.stderr.on('data', (chunk) => {
    if (String(chunk).includes('checkups')) killed.kill('SIGKILL');
  });
  const [, signal] = await new Promise<unknown[]>((done) =>
    killed.on('close', (...ended) => done(ended)),
  );
  expect(signal).toBe('SIGKILL');

  const { types } = await load(file);
  expect(types.Patient).toMatchObject({ taken: 0, replayed: count, existing: 0 });
  const { taken = 0, replayed = 0 } = types.Encounter ?? {};
  expect(replayed).toBeGreaterThan(0);
  expect(taken).toBeGreaterThan(0);
  expect(taken + replayed).toBe(count);
  const before = await contents();
  expect((await load(file)).types.Encounter).toMatchObject({ taken: 0, replayed: count });
  expect(await contents()).toBe(before);
});

// A folder of real bundles is tried where one is named; none belongs in the repository.
const samples = process.env['CAREGRAPH_FHIR_SAMPLES'];

if (samples !== undefined) {
  const paths = samples;
  test('a folder of sample bundles, twice', { timeout: 600_000 }, async () => {
    expect((await readdir(paths)).length).toBeGreaterThan(0);
    const first = await load(paths);
    console.log(JSON.stringify({ ...first, issues: first.issues.slice(0, 20) }, null, 1));
    const before = await contents();
    const second = await load(paths);
    console.log(`again: ${second.resources} resources, ${second.resourcesPerSecond} a second`);
    expect(await contents()).toBe(before);
    expect(first.issues.filter(({ code }) => code === 'SERVER_FAULT')).toEqual([]);
    for (const tally of Object.values(second.types)) expect(tally.taken).toBe(0);
  });
}
