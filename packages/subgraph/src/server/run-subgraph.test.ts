import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath, pathToFileURL } from 'node:url';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { createTokenIssuer, makeSigningKey } from '@caregraph/access';
import { createIdSource, systemClock as clock } from '@caregraph/clock';
import { makeKeyFile } from '@caregraph/encryption';
import { createErasureSigner, makeListMarker, markerPath } from '@caregraph/erasure';
import { createTestDatabase, type TestDatabase } from '@caregraph/testbed';

/** The institution subgraph as a process of its own, as the full profile runs it. */
const main = fileURLToPath(
  new URL('../../../../subgraphs/institution/src/main.ts', import.meta.url),
);
const ids = createIdSource(clock);
const issuer = 'https://identity.test';
const audience = 'https://caregraph.test';
const key = Buffer.alloc(32, 7).toString('base64');

let database: TestDatabase;
let keys: TestDatabase;
let folder: string;
let token: string;
let environment: Record<string, string>;
const started: Process[] = [];

beforeAll(async () => {
  database = await createTestDatabase('institution');
  keys = await createTestDatabase('keys');
  folder = await mkdtemp(join(tmpdir(), 'caregraph-subgraph-'));
  await makeKeyFile({ path: join(folder, 'kek.json') });
  const signing = await makeSigningKey();
  const keySet = join(folder, 'jwks.json');
  await writeFile(keySet, JSON.stringify({ keys: [signing.publicJwk] }));
  const tokens = createTokenIssuer({
    key: signing,
    issuer,
    audience,
    clientId: 'test',
    documents: 'free',
    clock,
    ids,
  });
  token = await tokens.issue({
    id: ids.next(),
    roles: ['platform_admin'],
    institutionId: ids.next(),
    areaRoots: [],
    purposes: ['administration'],
  });
  environment = {
    PATH: process.env['PATH'] ?? '',
    PORT: '0',
    DATABASE_URL: database.url,
    TOKEN_ISSUER: issuer,
    TOKEN_AUDIENCE: audience,
    GRAPH_URL: 'https://graph.test/graphql',
    ROUTER_CONTEXT_KEY: key,
    JWKS_URL: pathToFileURL(keySet).href,
    BREAK_GLASS_JWKS_URL: pathToFileURL(keySet).href,
    OPERATION_HASH_KEY: key,
    DATABASE_URL_KEYS: keys.url,
    KEY_SERVICE: 'key-file',
    KEK_FILE: join(folder, 'kek.json'),
    EVENT_DELIVERY_KEY: key,
  };
});
afterEach(async () => {
  for (const { kill, ended } of started.splice(0)) {
    kill('SIGKILL');
    await ended;
  }
});
afterAll(async () => {
  await database.drop();
  await keys.drop();
  await rm(folder, { recursive: true });
});

interface Process {
  kill(signal: NodeJS.Signals): void;
  /** The exit code and all that was said on the error stream. */
  readonly ended: Promise<{ code: number | null; errors: string }>;
  /** The lines of its log, so far. */
  readonly said: readonly string[];
  /** Resolves with its port when it listens; fails when it ends before. */
  readonly port: Promise<number>;
}

function start(over: Record<string, string> = {}): Process {
  const child = spawn(process.execPath, [main], { env: { ...environment, ...over } });
  const errors = text(child.stderr);
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const lines: string[] = [];
  const port = new Promise<number>((resolve, reject) => {
    createInterface(child.stdout).on('line', (line) => {
      lines.push(line);
      const said = JSON.parse(line) as { msg: string; port?: number };
      if (said.msg === 'listening' && said.port !== undefined) resolve(said.port);
    });
    child.once('exit', () => reject(new Error('it ended before it listened')));
  });
  port.catch(() => undefined);
  const one = {
    kill: (signal: NodeJS.Signals) => void child.kill(signal),
    ended: ended.then(async (code) => ({ code, errors: await errors })),
    port,
    said: lines,
  };
  started.push(one);
  return one;
}

const ask = (port: number) =>
  fetch(`http://127.0.0.1:${port}/graphql`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ query: `{ area(id: "${ids.next()}") { id } }` }),
  });

const isServed = (port: number) =>
  fetch(`http://127.0.0.1:${port}/healthz`).then(
    (answer) => answer.ok,
    () => false,
  );

test('it answers, and on SIGTERM finishes what is under way, takes no more and exits with 0', async () => {
  const subgraph = start();
  const port = await subgraph.port;
  expect((await fetch(`http://127.0.0.1:${port}/ready`)).status).toBe(200);
  expect(await (await ask(port)).json()).toEqual({ data: { area: null } });

  const blocker = new pg.Client({ connectionString: database.url });
  await blocker.connect();
  await blocker.query('BEGIN; LOCK TABLE area');
  const underWay = ask(port);
  await vi.waitFor(async () => {
    const sql = `SELECT 1 FROM pg_stat_activity
      WHERE wait_event_type = 'Lock' AND application_name = 'caregraph-institution'
        AND datname = current_database()`;
    expect((await blocker.query(sql)).rowCount).toBe(1);
  }, 10_000);
  subgraph.kill('SIGTERM');
  await vi.waitFor(async () => expect(await isServed(port)).toBe(false), 10_000);
  await blocker.query('COMMIT');
  await blocker.end();

  const answer = await underWay;
  expect(answer.status).toBe(200);
  expect(await answer.json()).toEqual({ data: { area: null } });
  expect(await subgraph.ended).toEqual({ code: 0, errors: '' });
});

test('a port that is taken is said, with what to do, and the process ends', async () => {
  const port = String(await start().port);
  const { code, errors } = await start({ PORT: port }).ended;
  expect(code).toBe(1);
  expect(errors).toContain(
    `PORT_TAKEN: port ${port} on 127.0.0.1 is in use. Stop what uses it or set PORT.`,
  );
  expect(errors).not.toContain(key);
});

test('what is missing in the environment is named, and nothing that is there', async () => {
  const { code, errors } = await start({ DATABASE_URL: '', TOKEN_AUDIENCE: '' }).ended;
  expect(code).toBe(1);
  expect(errors).toContain('DATABASE_URL');
  expect(errors).toContain('TOKEN_AUDIENCE');
  expect(errors).not.toContain(key);
});

/** A list of erasures with one entry, signed with a key that may be that of the deployment. */
async function listOf(patientId: string, signing = 'own'): Promise<Record<string, string>> {
  const list = await mkdtemp(join(folder, 'erasures-'));
  const [own, other] = [await makeSigningKey(), await makeSigningKey()];
  const record = {
    ...{ version: 1, patientId, reason: 'COURT_ORDER', requestedAt: '2026-01-01T00:00:00.000Z' },
    ...{ aliases: [], households: [], state: 'COMPLETED' },
  };
  const recordSignature = await createErasureSigner(signing === 'own' ? own : other)(
    'record',
    record,
  );
  await writeFile(join(list, `${patientId}.json`), JSON.stringify({ record, recordSignature }));
  const mark = await makeListMarker(createErasureSigner(own), clock.now());
  await writeFile(markerPath(list), JSON.stringify(mark));
  const keysFile = `${list}-keys.json`;
  await writeFile(keysFile, JSON.stringify({ keys: [own.publicJwk] }));
  return { ERASURE_LIST_DIR: list, ERASURE_KEYS_FILE: keysFile };
}

async function shownAsErased(patientId: string): Promise<unknown> {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  const { rows } = await client.query('SELECT rows FROM erased_subject WHERE id = $1', [patientId]);
  await client.end();
  return rows;
}

test('whoever the list of erasures names is erased before it listens', async () => {
  const patientId = ids.next();
  await start(await listOf(patientId)).port;
  expect(await shownAsErased(patientId)).toEqual([{ rows: 0 }]);
  const lacking = await start(await listOf(ids.next())).ended;
  expect(lacking.code).toBe(1);
  expect(lacking.errors).toContain(`lacks 1 whom the stores show as erased: ${patientId}`);
});

test('without a list it starts, and says what that means', async () => {
  const subgraph = start();
  await subgraph.port;
  expect(subgraph.said.join('\n')).toContain('no list of erasures is named');
});

test('a list that cannot be believed, or is not there, keeps it from serving', async () => {
  const patientId = ids.next();
  const forged = await listOf(patientId, 'other');
  const refused = await start(forged).ended;
  expect(refused.code).toBe(1);
  expect(refused.errors).toContain('not signed by this deployment');
  expect(await shownAsErased(patientId)).toEqual([]);

  const gone = join(folder, 'not-mounted');
  const unmounted = { ...forged, ERASURE_LIST_DIR: gone };
  const words = expect.stringContaining(`${gone} is not the list of erasures`);
  expect(await start(unmounted).ended).toMatchObject({ code: 1, errors: words });
  await mkdir(gone);
  expect(await start(unmounted).ended).toMatchObject({ code: 1, errors: words });
  const alone = await start({ ERASURE_LIST_DIR: gone }).ended;
  expect(alone.errors).toContain('goes with ERASURE_LIST_DIR');
});
