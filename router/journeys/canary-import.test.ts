import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { purposesOf } from '@caregraph/access';
import { storeNames } from '@caregraph/database';
import { bundleOf } from './test-canary-bundle.ts';
import { createFinder } from './test-canary-finder.ts';
import { shapesOf } from './test-canary-forms.ts';
import { dumpDatabase, logEverything, serverLog, watchWal } from './test-canary-places.ts';
import type { Place, WalWatch } from './test-canary-places.ts';
import { createCanaries } from './test-canary-texts.ts';
import { startJourney, type JourneyStack } from './test-stack.ts';

/** What another system knows of somebody comes in by `caregraph import fhir`, and is sealed. */

const command = fileURLToPath(new URL('../../packages/cli/src/main.ts', import.meta.url));
/** The namespace of a source's ids that is not named. */
const source = 'urn:caregraph:fhir-import';
const canaries = createCanaries();
const ids = {
  patient: canaries.make('Import.value'),
  relative: canaries.make('Import.value'),
  visit: canaries.make('Import.value'),
};
let stack: JourneyStack;
let folder: string;
let wal: WalWatch;
let imported: { readonly code: number | null; readonly told: Place };
let report: Place;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'caregraph-canary-import-'));
  stack = await startJourney({
    households: 1,
    reach: (_store, target) => logEverything(target),
  });
  wal = await watchWal(stack.keys.keyDatabase, `canary_import_${process.pid}`);
  const bundle = JSON.stringify(bundleOf(canaries, ids));
  await writeFile(join(folder, 'bundle.json'), bundle);
  await writeFile(join(folder, 'cut.json'), bundle.slice(0, bundle.length / 2));
  await writeFile(keyFile(), randomBytes(32).toString('base64'), { mode: 0o600 });
  imported = await runImport();
  report = { name: 'report', bytes: await readFile(join(folder, 'report.json')) };
  await stack.settle();
}, 300_000);
afterAll(async () => {
  await wal.stop();
  await stack.stop();
  await rm(folder, { recursive: true });
});

/** What makes the ids of an import, where it asks for a key. */
const keyFile = () => join(folder, 'import-key');

async function runImport() {
  const { district, hospital } = stack.district.territory;
  const token = await stack.deployment.tokens.issue({
    id: stack.newId(),
    roles: ['importer', 'platform_admin'],
    institutionId: hospital.id,
    areaRoots: [district.id],
    purposes: purposesOf.importer,
  });
  const args = [
    ...['import', 'fhir', join(folder, 'bundle.json'), join(folder, 'cut.json')],
    ...['--url', `${stack.url}/graphql`, '--token', token, '--area', district.id],
    ...['--report', join(folder, 'report.json')],
  ];
  const child = spawn(process.execPath, [command, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, CAREGRAPH_DATA: folder, IMPORT_KEY_FILE: keyFile() },
  });
  const said: Buffer[] = [];
  child.stdout.on('data', (bytes: Buffer) => said.push(bytes));
  child.stderr.on('data', (bytes: Buffer) => said.push(bytes));
  const code = await new Promise<number | null>((done) => child.on('close', done));
  return { code, told: { name: 'what the command told', bytes: Buffer.concat(said) } };
}

const search = (places: readonly Place[]) =>
  places.flatMap(({ name, bytes }) => canaries.find(bytes, name));

test('everything was taken, and what was wrong was told', () => {
  expect([imported.code, imported.told.bytes.toString()]).toEqual([2, expect.anything()]);
  const { types, notTaken, issues } = JSON.parse(report.bytes.toString()) as {
    types: Record<string, { taken: number }>;
    notTaken: unknown;
    issues: { code: string }[];
  };
  const taken = Object.entries(types).filter(([, tally]) => tally.taken > 0);
  expect(taken.map(([type]) => type).toSorted()).toEqual([
    ...['AllergyIntolerance', 'Condition', 'Encounter', 'Immunization', 'MedicationRequest'],
    ...['Observation', 'Organization', 'Patient', 'Practitioner', 'RelatedPerson'],
  ]);
  expect(notTaken).toEqual({ Claim: 1 });
  expect(issues.map(({ code }) => code)).toContain('RECORD_INVALID');
  expect(issues.map(({ code }) => code)).toContain('JSON_TRUNCATED');
});

test('what was imported can be read', async () => {
  const data = await stack.read(
    'hospital-clinician-1',
    `{ patients(first: 50) { edges { node {
      name address phone identifiers { value }
      checkups(first: 5) { edges { node { notes diagnoses { coding { display } } } } }
      immunizations(first: 5) { edges { node { coding { display } } } }
      prescriptions(first: 5) { edges { node { items { instructions } } } }
      allergies { reaction }
    } } } }`,
  );
  const answer = JSON.stringify(data);
  for (const field of ['name', 'address', 'phone', 'value', 'note', 'display', 'dosage']) {
    const spelt = canaries
      .madeFor(`Import.${field}`)
      .map((text) => JSON.stringify(text).slice(1, -1));
    expect(
      spelt.some((text) => answer.includes(text)),
      field,
    ).toBe(true);
  }
});

test.each([...storeNames, 'keys'] as const)('no canary is found in a table of %s', async (name) => {
  const target = stack.databases[name];
  if (target === undefined) throw new Error(`the stack has no database ${name}`);
  expect(search(await dumpDatabase(name, target))).toEqual([]);
});

test('nor is an id a hash of what the source calls somebody', async () => {
  const { rows } = await stack.deployment.pools.patient.query<{ id: string }>(
    'SELECT id::text FROM patient',
  );
  const values = canaries.madeFor('Import.value');
  const identities = [
    ...Object.values(ids).flatMap((id) =>
      ['Patient', 'RelatedPerson', 'Encounter'].map((type) => `${source}|${type}/${id}`),
    ),
    ...values.map((value) => `Patient?identifier=urn:hospital|${value}`),
    ...rows.flatMap(({ id }) =>
      values.flatMap((value) => [
        `${id}\nMRN\nurn:hospital\n${value}`,
        `${id}\nOTHER\nurn:other\n${value}`,
      ]),
    ),
  ];
  const kinds = ['Patient', 'RelatedPerson', 'Encounter', 'Checkup', 'Identifier', 'Relationship'];
  const hashed = identities.flatMap((identity) => [
    identity,
    ...kinds.map((kind) => `${kind}\n${identity}`),
  ]);
  const find = createFinder(hashed.flatMap(shapesOf));
  const places: Place[] = [];
  for (const name of storeNames) {
    const target = stack.databases[name];
    if (target !== undefined) places.push(...(await dumpDatabase(name, target)));
  }
  expect(places.length).toBeGreaterThan(20);
  expect(places.flatMap(({ name, bytes }) => find(bytes, name))).toEqual([]);
});

test('nor in what the command told, in its report or in the logs', async () => {
  const log = { name: 'log', bytes: Buffer.from(stack.log.join('\n')) };
  const ofPostgres = await serverLog(stack.keys.keyDatabase);
  expect(ofPostgres.bytes.includes('parameters: $1 = ')).toBe(true);
  expect(imported.told.bytes.toString()).toContain('RECORD_INVALID');
  expect(search([imported.told, report, log, ofPostgres])).toEqual([]);
});

test('nor in the write-ahead log', async () => {
  const places = await wal.read();
  expect(places[0]?.bytes.length).toBeGreaterThan(1_000_000);
  expect(search(places)).toEqual([]);
}, 300_000);
