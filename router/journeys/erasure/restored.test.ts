import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '@caregraph/clock';
import {
  createKeyServiceWatch,
  keyringLimits,
  openAll,
  openStoreKeys,
} from '@caregraph/encryption';
import {
  createPool,
  onDatabase,
  storeNames,
  type DatabasePool,
  type DatabaseTarget,
  type StoreName,
} from '@caregraph/database';
import { startDeployment, type Deployment } from '@caregraph/deployment';
import { erasureTargets } from '@caregraph/deployment/erasures';
import { replayStore, verifyCertificate } from '@caregraph/erasure';
import { createLogger } from '@caregraph/observability';
import { until } from '../test-process.ts';
import { secrets, startJourney, subjectOf, type JourneyStack } from '../test-stack.ts';
import {
  createTestErasure,
  everybody,
  placesIn,
  traceOf,
  valueOf,
  type TestErasure,
} from './test-erasure.ts';

/** Backups that were made before an erasure are put back. */

type Name = StoreName | 'keys';
const names: readonly Name[] = [...storeNames, 'keys'];

let stack: JourneyStack;
let erasing: TestErasure;
let patientId: string;
/** Facts about the person, from before. */
let trace: string[];
/** All databases as they were before the erasure. */
let backup: Readonly<Record<Name, DatabaseTarget>>;
const opened: DatabasePool[] = [];
const made: string[] = [];

const poolOf = (name: Name): DatabasePool =>
  name === 'keys' ? stack.keys.keyPool : stack.deployment.pools[name];

function connect(target: DatabaseTarget): DatabasePool {
  const options = { maxConnections: 4, statementTimeoutMs: 20_000, applicationName: 'restored' };
  const pool = createPool(target, options);
  opened.push(pool);
  return pool;
}

function targetOf(pool: DatabasePool, database = pool.options.database ?? ''): DatabaseTarget {
  const { host = '', port = 0, user = '', password } = pool.options;
  const secret = typeof password === 'string' ? password : '';
  return onDatabase({ host, port, user, password: secret, database: '' }, database);
}

/** Copies a database. Nobody may be connected meanwhile, so whoever is there is sent away. */
async function copyOf(source: DatabaseTarget): Promise<DatabaseTarget> {
  const server = connect(onDatabase(source, 'postgres'));
  const copy = `${source.database}_${randomBytes(4).toString('hex')}`;
  await until(`${source.database} is copied`, async () => {
    const sql = 'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1';
    await server.query(sql, [source.database]);
    return server.query(`CREATE DATABASE ${copy} TEMPLATE ${source.database}`).then(
      () => true,
      () => false,
    );
  });
  made.push(copy);
  return onDatabase(source, copy);
}

/** Copies all of these databases, one after the other. */
async function copyAll(
  sourceOf: (name: Name) => DatabaseTarget,
): Promise<Readonly<Record<Name, DatabaseTarget>>> {
  const copied = new Map<Name, DatabaseTarget>();
  for (const name of names) copied.set(name, await copyOf(sourceOf(name)));
  // Every name was given one just now.
  return Object.fromEntries(copied) as Record<Name, DatabaseTarget>;
}

beforeAll(async () => {
  stack = await startJourney({ households: 6 });
  erasing = await createTestErasure(stack);
  const { pools } = stack.deployment;
  for (const id of await everybody(pools)) {
    trace = await traceOf(pools, id);
    patientId = id;
    if (trace.length > 6) break;
  }
  backup = await copyAll((name) => targetOf(poolOf(name)));
  const outcome = await erasing.erasure.erase(patientId, 'REQUEST_OF_PERSON');
  expect(outcome.kind).toBe('ERASED');
});
afterAll(async () => {
  const server = connect(targetOf(poolOf('patient'), 'postgres'));
  await Promise.all(opened.filter((pool) => pool !== server).map((pool) => pool.end()));
  await stack.stop();
  for (const name of made) await server.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  await server.end();
  await erasing.stop();
});

/** Starts a deployment over restored databases, as an operator would. */
async function start(
  databases: Readonly<Record<StoreName, DatabaseTarget>>,
  keyDatabase: DatabaseTarget,
  directory = erasing.directory,
): Promise<Deployment> {
  return startDeployment({
    ...{ databases, keyDatabase, clock: systemClock, phoneRegion: 'IN' },
    keys: { ...(await secrets()), erasureSigning: erasing.key },
    // The journey closes it.
    keyService: { ...stack.keys.keyService, close: () => Promise.resolve() },
    log: createLogger({ service: 'restored', level: 'silent' }),
    erasures: { directory },
  });
}

/** What the person's row holds in a store, and a codec over one of the key databases. */
async function openName(store: DatabaseTarget, keyDatabase: DatabaseTarget): Promise<string> {
  const sealed = await valueOf<Uint8Array>(
    connect(store),
    'SELECT name AS value FROM patient WHERE id = $1',
    patientId,
  );
  const { codec } = openStoreKeys({
    store: 'patient',
    keyPool: connect(keyDatabase),
    watch: createKeyServiceWatch({
      service: stack.keys.keyService,
      clock: systemClock,
      graceMs: keyringLimits.graceMs,
    }),
    clock: systemClock,
    ids: { next: () => stack.newId() },
  });
  const place = { store: 'patient', model: 'Patient', field: 'name', rowId: patientId };
  const [plain] = await openAll(codec, [{ ...place, ownerId: patientId, sealed }]);
  return Buffer.from(plain ?? []).toString();
}

async function expectGone(restored: Deployment): Promise<void> {
  const token = await restored.tokens.issue(subjectOf(stack.actor('hospital-clinician-1')));
  const answer = await restored.subgraphs.patient.execute({
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    search: '',
    body: {
      query: `{ patient(id: "${patientId}") { name } patients(first: 200) { edges { node { name } } } }`,
    },
  });
  const text = answer.body.kind === 'complete' ? answer.body.string : '';
  const { data, errors } = JSON.parse(text) as {
    data: { patient: unknown; patients: { edges: unknown[] } };
    errors?: unknown;
  };
  expect(errors).toBeUndefined();
  expect(data.patient).toBeNull();
  expect(data.patients.edges.length).toBeGreaterThan(5);
  expect(await traceOf(restored.pools, patientId)).toEqual([]);
}

const remembered = 'SELECT count(*)::int AS value FROM patient WHERE id = $1';

test('a backup of the stores alone tells nothing: what it holds of the person does not open', async () => {
  expect(await valueOf(connect(backup.patient), remembered, patientId)).toBe(1);
  await expect(openName(backup.patient, targetOf(stack.keys.keyPool))).rejects.toMatchObject({
    code: 'SEAL_KEY_UNKNOWN',
  });
  // Until the backups of the key database expire, both together do: that is what the date says.
  expect(await openName(backup.patient, backup.keys)).not.toBe('');
});

test('restored stores forget the person again before they serve', async () => {
  const restored = await copyAll((name) => backup[name]);
  const keyDatabase = targetOf(stack.keys.keyPool);
  const registration = await valueOf<string>(
    connect(backup.patient),
    `SELECT id AS value FROM operation_record WHERE result->>'entityId' = $1 LIMIT 1`,
    patientId,
  );
  const deployment = await start(restored, keyDatabase);
  try {
    await expectGone(deployment);
    const hash = 'SELECT length(request_hash) AS value FROM operation_record WHERE id = $1';
    expect(await valueOf(connect(restored.patient), hash, registration)).toBe(0);
  } finally {
    await deployment.stop();
  }
});

test('a restored key database loses the keys again, also beside stores that were not restored', async () => {
  const restored = await copyAll((name) => backup[name]);
  const keyPool = connect(restored.keys);
  const keys = 'SELECT count(*)::int AS value FROM patient.data_key WHERE owner_id = $1';
  expect(await valueOf(keyPool, keys, patientId)).toBe(1);
  const deployment = await start(restored, restored.keys);
  try {
    await expectGone(deployment);
    expect(await valueOf(keyPool, keys, patientId)).toBe(0);
    expect((await placesIn(keyPool, 'keys', [patientId])).sort()).toEqual(
      storeNames.map((store) => `${store}.key_owner.id`).sort(),
    );
  } finally {
    await deployment.stop();
  }
  const again = await copyOf(backup.keys);
  expect(await erasing.over(stack.deployment.pools, connect(again)).replay()).toEqual([patientId]);
  expect(await valueOf(connect(again), keys, patientId)).toBe(0);
});

test('the certificate of before stands, and the list is as it was', async () => {
  const entry = await erasing.list.read(patientId);
  const outcome = await erasing.erasure.erase(patientId, 'REQUEST_OF_PERSON');
  expect(outcome).toEqual({ kind: 'ERASED', entry });
});

test('keys that stood again last as long as backups of that time: the certificate says so', async () => {
  const before = await erasing.list.read(patientId);
  const restored = connect(await copyOf(backup.keys));
  const clock = { now: () => new Date(systemClock.now().getTime() + 3 * 86_400_000) };
  const later = erasing.over(stack.deployment.pools, restored, clock);
  expect(await later.replay()).toEqual([patientId]);
  const after = await erasing.list.read(patientId);
  const day = new Date(clock.now().getTime() + 35 * 86_400_000).toISOString().slice(0, 10);
  expect(after?.certificate).toEqual({ ...before?.certificate, keyBackupsExpireOn: day });
  expect(after && (await verifyCertificate(after, { keys: [erasing.key.publicJwk] }))).toBe(true);
  expect(await later.replay()).toEqual([]);
  // Keys of which a process without the list's key made an end are seen by the next erasure.
  const single = connect(await copyOf(backup.keys));
  const much = { now: () => new Date(systemClock.now().getTime() + 9 * 86_400_000) };
  for (const target of erasureTargets(stack.deployment.pools, single)) {
    await replayStore(target, { list: erasing.list, clock: much, ids: { next: stack.newId } });
  }
  const { erase } = erasing.over(stack.deployment.pools, single, much);
  const outcome = await erase(patientId, 'REQUEST_OF_PERSON');
  const latest = new Date(much.now().getTime() + 35 * 86_400_000).toISOString().slice(0, 10);
  expect(outcome).toMatchObject({ entry: { certificate: { keyBackupsExpireOn: latest } } });
});

test('a list that the deployment did not sign erases nobody, and nothing is served', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'caregraph-forged-'));
  const [living = ''] = await everybody(stack.deployment.pools);
  const forged = (await readFile(erasing.list.pathOf(patientId), 'utf8')).replaceAll(
    patientId,
    living,
  );
  await writeFile(join(folder, `${living}.json`), forged);
  const restored = await copyAll((name) => backup[name]);
  await expect(start(restored, restored.keys, folder)).rejects.toThrow('not signed');
  expect(await valueOf(connect(restored.patient), remembered, living)).toBe(1);
  await rm(folder, { recursive: true });
});
