import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { makeSigningKey, type SigningKey } from '@caregraph/access';
import { createIdSource, systemClock } from '@caregraph/clock';
import { createPool, storeNames, type DatabasePool, type StoreName } from '@caregraph/database';
import {
  embeddedErasureList,
  openErasures,
  startErasures,
  type ErasureSource,
} from '@caregraph/deployment/erasures';
import { eraseOwner } from '@caregraph/encryption';
import { createTestDatabase, type TestDatabase } from '@caregraph/testbed';

/** What a start does before it serves, over stores that hold nobody. */

const ids = createIdSource(systemClock);
const databases: TestDatabase[] = [];
let pools: Record<StoreName, DatabasePool>;
let keyPool: DatabasePool;
let key: SigningKey;
let folder: string;
/** The data directory of an embedded deployment, and a volume for its list. */
let data: string;
let volume: string;

async function poolOf(name: StoreName | 'keys'): Promise<DatabasePool> {
  const database = await createTestDatabase(name);
  databases.push(database);
  const options = { maxConnections: 2, statementTimeoutMs: 20_000, applicationName: 'erasures' };
  return createPool(database.target, options);
}

beforeAll(async () => {
  const opened = await Promise.all(storeNames.map(async (name) => [name, await poolOf(name)]));
  // Every store was given one just now.
  pools = Object.fromEntries(opened) as Record<StoreName, DatabasePool>;
  keyPool = await poolOf('keys');
  key = await makeSigningKey();
});
afterAll(async () => {
  await Promise.all([keyPool, ...Object.values(pools)].map((pool) => pool.end()));
  await Promise.all(databases.map((one) => one.drop()));
});

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'caregraph-start-'));
  [data, volume] = [join(folder, 'data'), join(folder, 'volume')];
  await mkdir(data);
  await mkdir(volume);
});
afterEach(async () => {
  for (const pool of Object.values(pools)) await pool.query('TRUNCATE erased_subject');
  for (const store of storeNames) await keyPool.query(`TRUNCATE ${store}.key_owner CASCADE`);
  await rm(folder, { recursive: true });
});

const sourceOf = (place: ErasureSource['place']): ErasureSource => ({
  ...{ place, key, pools, keyPool, clock: systemClock },
});

/** The start of an embedded deployment. */
async function start(named?: string): Promise<readonly string[]> {
  return openErasures(sourceOf(await embeddedErasureList(data, named))).replay();
}

/** Somebody whom a store shows as erased, of whom no list knows. */
async function erased(part?: string): Promise<string> {
  const id = ids.next();
  await pools.patient.query(
    'INSERT INTO erased_subject (id, erased_at, part_of, rows) VALUES ($1, now(), $2, 0)',
    [id, part ?? null],
  );
  return id;
}

test('the first start makes the list, for its owner alone, and every later one finds it', async () => {
  expect(await start()).toEqual([]);
  expect(await readdir(join(data, 'erasures'))).toEqual(['list.json']);
  expect((await stat(join(data, 'erasures'))).mode & 0o777).toBe(0o700);
  expect(await start()).toEqual([]);
});

test.each(['volume', 'new'])('a named folder becomes the list at the first start', async (name) => {
  expect(await start(join(folder, name))).toEqual([]);
  expect(await readdir(join(folder, name))).toEqual(['list.json']);
  expect(await readdir(data)).toEqual(['erasure-list.json']);
});

test.each([
  ['an empty mount point', () => volume],
  ['nothing', () => join(folder, 'nowhere')],
])('where the list was, %s stops every later start, and an erasure', async (_what, placeOf) => {
  await start();
  await rm(join(data, 'erasures'), { recursive: true });
  const place = await embeddedErasureList(data, placeOf());
  await expect(start(placeOf())).rejects.toThrow('is not the list of erasures');
  const patientId = await erased();
  const { erase, look } = openErasures(sourceOf(place));
  await expect(look(patientId)).rejects.toThrow('is not the list of erasures');
  await expect(erase(patientId, 'COURT_ORDER')).rejects.toThrow('is not the list of erasures');
  expect(await readdir(volume)).toEqual([]);
  expect((await readdir(folder)).sort()).toEqual(['data', 'volume']);
});

test('a deployment from before there were markers starts: with entries, or if nobody is gone', async () => {
  const patientId = await erased();
  await expect(start(volume)).rejects.toThrow('is not the list of erasures');
  await startErasures(sourceOf({ directory: volume }), { anew: true });
  await openErasures(sourceOf({ directory: volume })).erase(patientId, 'COURT_ORDER');
  await rm(join(volume, 'list.json'));
  expect(await start(volume)).toEqual([]);
  expect((await readdir(volume)).sort()).toEqual([`${patientId}.json`, 'list.json']);
});

test('without a note only an operator starts a list: a full deployment has several machines', async () => {
  const place = { directory: volume };
  await expect(openErasures(sourceOf(place)).replay()).rejects.toThrow('is not the list');
  const outcome = { started: true, noted: false, erased: [] };
  expect(await startErasures(sourceOf(place), { anew: false })).toEqual(outcome);
  expect(await openErasures(sourceOf(place)).replay()).toEqual([]);
});

test('whom a store or its keys show as erased, the list must name', async () => {
  await start();
  const byStore = await erased();
  await erased(byStore);
  const byKeys = ids.next();
  await eraseOwner(keyPool, 'clinical', byKeys, systemClock.now());
  await expect(start()).rejects.toThrow(`lacks 2 whom the stores show as erased: ${byStore}, `);
  const { erase } = openErasures(sourceOf(await embeddedErasureList(data, undefined)));
  await erase(byStore, 'COURT_ORDER');
  await expect(start()).rejects.toThrow(`erased: ${byKeys}.`);
  expect(await erase(byKeys, 'COURT_ORDER')).toMatchObject({ kind: 'ERASED' });
  expect(await start()).toEqual([]);
  await rm(join(data, 'erasures', `${byStore}.json`));
  await expect(start()).rejects.toThrow(byStore);
});

test('a list is not started anew by mistake', async () => {
  const patientId = await erased();
  const source = sourceOf({ directory: volume });
  const earlier = { noted: false, erased: [patientId] };
  expect(await startErasures(source, { anew: false })).toEqual({ ...earlier, started: false });
  expect(await readdir(volume)).toEqual([]);
  expect(await startErasures(source, { anew: true })).toEqual({ ...earlier, started: true });
  await expect(openErasures(source).replay()).rejects.toThrow(patientId);
});

test('where a note says that there was a list, stores of before it do not start another', async () => {
  await start();
  const source = sourceOf(await embeddedErasureList(data, undefined));
  const marker = join(data, 'erasures', 'list.json');
  await rm(marker);
  const refusal: unknown = await start().catch((error: unknown) => error);
  expect(refusal).toMatchObject({ message: expect.stringContaining('is not the list') });
  expect(refusal).toMatchObject({ message: expect.not.stringContaining('start-list') });
  const earlier = { noted: true, erased: [] };
  expect(await startErasures(source, { anew: false })).toEqual({ ...earlier, started: false });
  expect(await readdir(join(data, 'erasures'))).toEqual([]);
  expect(await startErasures(source, { anew: true })).toEqual({ ...earlier, started: true });
  const again = { noted: false, erased: [], started: true };
  expect(await startErasures(source, { anew: false })).toEqual(again);
  await writeFile(marker, '{"list":');
  await expect(startErasures(source, { anew: true })).rejects.toThrow('damaged');
});
