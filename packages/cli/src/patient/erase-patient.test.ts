import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeSigningKey } from '@caregraph/access';
import { createIdSource, systemClock } from '@caregraph/clock';
import { storeNames, type DatabaseName } from '@caregraph/database';
import { createErasureSigner, makeListMarker, markerPath } from '@caregraph/erasure';
import { createTestDatabase, type TestDatabase } from '@caregraph/testbed';
import { makeFullDeploymentKeys } from '../keys/full-deployment-keys.ts';

/** `caregraph patient` as an operator runs it, over stores that the environment names. */

const ids = createIdSource(systemClock);
const main = join(import.meta.dirname, '../main.ts');
let folder: string;
let environment: Record<string, string>;
const databases: TestDatabase[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'caregraph-erase-'));
  await makeFullDeploymentKeys(join(folder, '.env'));
  const made = (await readFile(join(folder, '.env'), 'utf8')).trimEnd().split('\n');
  environment = Object.fromEntries(
    made
      .filter((line) => line.startsWith('ERASURE_'))
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
  for (const name of [...storeNames, 'keys'] as const satisfies readonly DatabaseName[]) {
    const database = await createTestDatabase(name);
    databases.push(database);
    environment[`DATABASE_URL_${name.toUpperCase()}`] = database.url;
  }
});
afterAll(async () => {
  await Promise.all(databases.map((one) => one.drop()));
  await rm(folder, { recursive: true });
});

async function caregraph(
  args: readonly string[],
  { typed = '', over = {} }: { typed?: string; over?: Record<string, string | undefined> } = {},
): Promise<{ code: number | null; said: string; errors: string }> {
  const given = Object.entries({ ...environment, ...over });
  const env = Object.fromEntries(given.filter(([, value]) => value !== undefined));
  const child = spawn(process.execPath, [main, 'patient', ...args], {
    env: { PATH: process.env['PATH'] ?? '', CAREGRAPH_DATA: join(folder, 'nothing'), ...env },
  });
  child.stdin.end(typed);
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const [said, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: await ended, said, errors };
}

async function change(store: string, sql: string, values: unknown[]): Promise<void> {
  const client = new pg.Client({ connectionString: environment[`DATABASE_URL_${store}`] });
  await client.connect();
  await client.query(sql, values).finally(() => client.end());
}

/** Somebody of whom clinical has heard. */
async function somebody(): Promise<string> {
  const patientId = ids.next();
  const sql = `INSERT INTO patient_ref (id, author_id, status, version)
    VALUES ($1, $1, 'ACTIVE', 1)`;
  await change('CLINICAL', sql, [patientId]);
  return patientId;
}

/** Somebody who is registered. */
async function registered(mergedIntoId: string | null = null): Promise<string> {
  const patientId = ids.next();
  await change(
    'PATIENT',
    `WITH area AS (INSERT INTO area_ref (id, ancestors, version) VALUES ($1, ARRAY[$1]::uuid[], 1))
     INSERT INTO patient (id, name, sex, birth_date_estimated, status, merged_into_id, area_id,
       institution_id, version, field_versions, author_id, recorded_at, received_at)
     VALUES ($1, '', 'FEMALE', false, $3, $2, $1, $1, 1, '{}', $1, now(), now())`,
    [patientId, mergedIntoId, mergedIntoId === null ? 'ACTIVE' : 'MERGED'],
  );
  return patientId;
}

const erase = (id: string, ...more: string[]) => ['erase', id, '--reason', 'COURT_ORDER', ...more];

test('it says what will happen, erases, and names the certificate, which then is listed', async () => {
  const patientId = await somebody();
  const erased = await caregraph(erase(patientId, '--yes'), { over: { KEY_BACKUP_DAYS: '7' } });
  expect(erased).toMatchObject({ code: 0, errors: '' });
  expect(erased.said).toContain(`This erases ${patientId} for good`);
  const path = join(folder, '.env.erasures', `${patientId}.json`);
  expect(erased.said).toContain(`Certificate: ${path}`);
  const expiry = new Date(Date.now() + 7 * 86_400_000).toISOString().slice(0, 10);
  expect(erased.said).toContain(`expire on ${expiry}`);

  const publicly = { ERASURE_SIGNING_KEY_FILE: undefined };
  const listed = await caregraph(['erasures'], { over: publicly });
  expect(listed).toMatchObject({ code: 0, errors: '' });
  expect(listed.said).toMatch(
    new RegExp(`^${patientId}  COURT_ORDER .* completed .*${expiry}$`, 'm'),
  );

  const genuine = await readFile(path, 'utf8');
  await writeFile(
    path,
    genuine.replace(`"keyBackupsExpireOn": "${expiry}"`, '"keyBackupsExpireOn": "2020-01-01"'),
  );
  const changed = await caregraph(['erasures'], { over: publicly });
  expect(changed).toMatchObject({ code: 1 });
  expect(changed.said).toContain('CERTIFICATE DOES NOT HOLD');
  await writeFile(path, genuine);
});

describe('somebody who was erased already', () => {
  const again = (id: string) => ['erase', id, '--reason', 'RETENTION_ENDED'];

  test('is not erased once more, and the reason stands', async () => {
    const patientId = await somebody();
    await caregraph(erase(patientId, '--yes'));
    const path = join(folder, '.env.erasures', `${patientId}.json`);
    const entry = await readFile(path, 'utf8');
    const { code, said, errors } = await caregraph(again(patientId));
    expect({ code, errors }).toEqual({ code: 0, errors: '' });
    expect(said).toMatch(
      new RegExp(`^${patientId} was erased already: COURT_ORDER, begun 2.*, completed 2`),
    );
    expect(said).toContain('The reason RETENTION_ENDED is not taken: COURT_ORDER stands.');
    expect(said).toContain('Nothing of it is left to do.');
    expect(said).toContain(`Certificate: ${path}`);
    expect(said).not.toMatch(/This erases|Erased/);
    expect(await readFile(path, 'utf8')).toBe(entry);
    expect((await caregraph(erase(patientId))).said).not.toContain('is not taken');
  });

  test('is erased from a store that has them again', async () => {
    const patientId = await somebody();
    await caregraph(erase(patientId, '--yes'));
    await change('CLINICAL', 'DELETE FROM erased_subject WHERE id = $1', [patientId]);
    const unconfirmed = await caregraph(again(patientId));
    expect(unconfirmed).toMatchObject({ code: 1, said: expect.stringContaining('This erases') });
    const { code, said } = await caregraph([...again(patientId), '--yes']);
    expect(code).toBe(0);
    expect(said).toContain('What is left of it is to be completed now.');
    expect(said).toContain('Erased.');
    expect((await caregraph(again(patientId))).said).toContain('Nothing of it is left to do.');
  });

  test('is not erased by a record that went along, which gets no entry', async () => {
    const survivorId = await registered();
    const aliasId = await registered(survivorId);
    const refused = await caregraph(erase(aliasId, '--yes'));
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.said).toContain(`merged into ${survivorId}, which answers for it`);
    await caregraph(erase(survivorId, '--yes'));
    const list = join(folder, '.env.erasures');
    const names = await readdir(list);
    const { code, said } = await caregraph(erase(aliasId, '--yes'));
    expect(code).toBe(0);
    expect(said).toContain(`was merged into ${survivorId}, and went with it: COURT_ORDER`);
    expect(said).toContain(`Certificate: ${join(list, `${survivorId}.json`)}`);
    expect(await readdir(list)).toEqual(names);
    await change('CLINICAL', 'DELETE FROM erased_subject WHERE id = $1', [aliasId]);
    const left = await caregraph(erase(aliasId, '--yes'));
    expect(left).toMatchObject({ code: 1 });
    expect(left.said).toContain(`caregraph patient erase ${survivorId} --reason COURT_ORDER`);
    expect(await caregraph(erase(survivorId, '--yes'))).toMatchObject({ code: 0 });
  });
});

test('the id has to be typed as it is, unless --yes says so', async () => {
  const patientId = await somebody();
  for (const typed of ['', 'yes\n', `${patientId.slice(0, -1)}\n`]) {
    const refused = await caregraph(erase(patientId), { typed });
    expect(refused, typed).toMatchObject({ code: 1 });
    expect(refused.said).toContain('nothing was erased');
  }
  expect(await caregraph(erase(patientId), { typed: `${patientId}\n` })).toMatchObject({ code: 0 });
});

test.each([
  ['an id that nobody has', () => erase(ids.next(), '--yes'), 'No store knows this id'],
  ['what is no id', () => erase('Rehana', '--yes'), 'UUIDv7'],
  ['a reason that there is not', () => ['erase', ids.next(), '--reason', 'BORED'], 'REQUEST_OF'],
  ['no reason', () => ['erase', ids.next()], '--reason'],
])('%s erases nobody', async (_what, args, words) => {
  const { code, said, errors } = await caregraph(args());
  expect(code).toBe(1);
  expect(said + errors).toContain(words);
});

test('an empty folder is not taken for the list, until an operator says that there never was one', async () => {
  const patientId = await somebody();
  const empty = await mkdtemp(join(folder, 'mount-'));
  const over = { ERASURE_LIST_DIR: empty };
  for (const args of [erase(patientId, '--yes'), ['erasures']]) {
    const refused = await caregraph(args, { over });
    expect(refused, args[0]).toMatchObject({ code: 1 });
    expect(refused.errors).toContain(`${empty} is not the list of erasures`);
  }
  await caregraph(erase(patientId, '--yes'));
  const known = await caregraph(['start-list'], { over });
  expect(known).toMatchObject({ code: 1, said: expect.stringContaining(patientId) });
  expect(await readdir(empty)).toEqual([]);
  const anew = await caregraph(['start-list', '--anew'], { over });
  expect(anew).toMatchObject({ code: 0, errors: '' });
  const lacking = await caregraph(['erasures'], { over });
  expect(lacking).toMatchObject({ code: 1, said: expect.stringContaining(patientId) });
  expect(lacking.said).toContain('THE LIST IS NOT WHOLE');
});

describe('the list is not taken for good', () => {
  const listDirectory = () => join(folder, '.env.erasures');
  const erased = async () => {
    const patientId = await somebody();
    await caregraph(erase(patientId, '--yes'));
    expect(await caregraph(['erasures'])).toMatchObject({ code: 0, errors: '' });
    return patientId;
  };

  test.each([
    ['damaged', async () => '{"list":', 'is damaged'],
    [
      'of another deployment',
      async () => {
        const other = createErasureSigner(await makeSigningKey());
        return JSON.stringify(await makeListMarker(other, systemClock.now()));
      },
      'it is the list of another one',
    ],
  ])('with a marker that is %s', async (_what, textOf, words) => {
    await erased();
    const marker = markerPath(listDirectory());
    const genuine = await readFile(marker, 'utf8');
    await writeFile(marker, await textOf());
    const { code, errors } = await caregraph(['erasures']);
    await writeFile(marker, genuine);
    expect(code).toBe(1);
    expect(errors).toContain(words);
  });

  test('without an entry of somebody whom stores show as erased', async () => {
    const patientId = await erased();
    const path = join(listDirectory(), `${patientId}.json`);
    await rename(path, join(folder, 'kept.json'));
    const lacking = await caregraph(['erasures']);
    await rename(join(folder, 'kept.json'), `${path}.bak`);
    const misnamed = await caregraph(['erasures']);
    await rename(`${path}.bak`, path);
    expect(lacking).toMatchObject({ code: 1 });
    expect(lacking.said).toContain(`lacks 1 whom the stores show as erased: ${patientId}`);
    expect(misnamed).toMatchObject({ code: 1 });
    expect(misnamed.errors).toContain(`${path}.bak has no place in the list`);
  });

  test('while a store has somebody again, or none is looked at', async () => {
    const patientId = await erased();
    await change('CLINICAL', 'DELETE FROM erased_subject WHERE id = $1', [patientId]);
    const again = await caregraph(['erasures']);
    expect(again).toMatchObject({ code: 1 });
    expect(again.said).toMatch(new RegExp(`^${patientId} .*HAD IT AGAIN`, 'm'));
    await caregraph(erase(patientId, '--yes'));
    expect(await caregraph(['erasures'])).toMatchObject({ code: 0 });
    const unseen = await caregraph(['erasures'], { over: { DATABASE_URL_AUDIT: undefined } });
    expect(unseen).toMatchObject({ code: 1 });
    expect(unseen.said).toContain(
      'NO STORE WAS LOOKED AT, as a start does: name DATABASE_URL_AUDIT',
    );
    const unlisted = await caregraph(['erasures'], { over: { ERASURE_LIST_DIR: undefined } });
    expect(unlisted).toMatchObject({ code: 1 });
    expect(unlisted.errors).toContain('ERASURE_LIST_DIR');
  });
});

test('a store that is not named is not looked for elsewhere', async () => {
  const patientId = await somebody();
  const over = { DATABASE_URL_AUDIT: '', ERASURE_LIST_DIR: undefined };
  const { code, errors } = await caregraph(erase(patientId, '--yes'), { over });
  expect(code).toBe(1);
  expect(errors).toContain('DATABASE_URL_AUDIT, ERASURE_LIST_DIR');
});

test('where there is no embedded deployment, none is made', async () => {
  const over = Object.fromEntries(Object.keys(environment).map((name) => [name, undefined]));
  for (const args of [erase(ids.next(), '--yes'), ['erasures']]) {
    const { code, errors } = await caregraph(args, { over });
    expect(code).toBe(1);
    expect(errors).toContain('There is no embedded deployment');
    expect(errors).not.toContain('--help');
  }
});
