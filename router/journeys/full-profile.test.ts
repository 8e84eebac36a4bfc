import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTokenIssuer, makeSigningKey } from '@caregraph/access';
import { createIdSource, systemClock } from '@caregraph/clock';
import { storeNames, type StoreName } from '@caregraph/database';
import { demoActors, generateDistrict, loadDistrict } from '@caregraph/factory';
import { createTestDatabase, type TestDatabase } from '@caregraph/testbed';
import { startProcess, until, type RunningProcess } from './test-process.ts';
import {
  actorOf,
  asking,
  sender,
  smallMap,
  subjectOf,
  writing,
  type JourneyStack,
} from './test-stack.ts';

/** Five subgraphs and the router, each a process of its own, over HTTP. */

const issuer = 'https://identity.test';
const audience = 'https://caregraph.test/graph';
const subscribers: Readonly<Record<StoreName, readonly StoreName[]>> = {
  patient: ['clinical', 'prescription', 'audit'],
  institution: ['patient', 'clinical', 'prescription', 'audit'],
  clinical: ['audit'],
  prescription: ['audit'],
  audit: ['audit'],
};
const key = (value: number) => Buffer.alloc(32, value).toString('base64');

let folder: string;
const databases = new Map<StoreName, TestDatabase>();
const ports = new Map<string, number>();
const processes = new Map<string, RunningProcess>();
let ask: JourneyStack['ask'];

const portOf = (name: string) => ports.get(name) ?? -1;
const processOf = (name: string) => {
  const found = processes.get(name);
  if (!found) throw new Error(`${name} does not run`);
  return found;
};

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : -1;
}

const tokenEnvironment = () => ({
  TOKEN_ISSUER: issuer,
  TOKEN_AUDIENCE: audience,
  GRAPH_URL: `http://127.0.0.1:${portOf('router')}/graphql`,
  ROUTER_CONTEXT_KEY: key(4),
  JWKS_URL: pathToFileURL(join(folder, 'keys.json')).href,
});

function startSubgraph(name: StoreName): RunningProcess {
  return startProcess([`subgraphs/${name}/src/main.ts`], {
    ...tokenEnvironment(),
    PORT: String(portOf(name)),
    DATABASE_URL: databases.get(name)?.url ?? '',
    DATABASE_MAX_CONNECTIONS: '6',
    OPERATION_HASH_KEY: key(1),
    BLIND_INDEX_KEY: key(2),
    EVENT_DELIVERY_KEY: key(3),
    BREAK_GLASS_JWKS_URL: pathToFileURL(join(folder, 'break-glass.json')).href,
    ...(name === 'patient' && { BREAK_GLASS_KEY_FILE: join(folder, 'break-glass-key.json') }),
    EVENT_SUBSCRIBER_URLS: subscribers[name]
      .map((one) => `http://127.0.0.1:${portOf(one)}/events`)
      .join(','),
  });
}

const listening = (name: string) => processOf(name).said('"listening"');

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'caregraph-full-'));
  const signing = await makeSigningKey();
  await writeFile(join(folder, 'keys.json'), JSON.stringify({ keys: [signing.publicJwk] }));
  const grants = await makeSigningKey();
  await writeFile(join(folder, 'break-glass.json'), JSON.stringify({ keys: [grants.publicJwk] }));
  await writeFile(join(folder, 'break-glass-key.json'), JSON.stringify(grants.privateJwk));
  for (const name of [...storeNames, 'router']) ports.set(name, await freePort());
  for (const name of storeNames) databases.set(name, await createTestDatabase(name));
  for (const name of storeNames) processes.set(name, startSubgraph(name));
  const urls = storeNames.map((name) => `${name}=http://127.0.0.1:${portOf(name)}/graphql`);
  processes.set(
    'router',
    startProcess(['router/src/main.ts'], {
      ...tokenEnvironment(),
      PORT: String(portOf('router')),
      SUBGRAPH_URLS: urls.join(','),
    }),
  );
  for (const name of processes.keys()) await listening(name);

  const today = systemClock.now().toISOString().slice(0, 10);
  const district = generateDistrict({ seed: 'full', today, households: 6, ...smallMap });
  const people = demoActors(district);
  const clock = systemClock;
  const ids = createIdSource(clock);
  const tokens = createTokenIssuer({
    key: signing,
    issuer,
    audience,
    clientId: 'x',
    documents: 'free',
    clock,
    ids,
  });
  const url = `http://127.0.0.1:${portOf('router')}`;
  ask = asking(url, (actor) => tokens.issue(subjectOf(actorOf(people, actor))));
  await loadDistrict({ district, send: sender(ask), settle });
});

afterAll(async () => {
  for (const one of processes.values()) one.kill('SIGKILL');
  await Promise.all([...processes.values()].map((one) => one.ended));
  for (const database of databases.values()) await database.drop();
  await rm(folder, { recursive: true });
});

/** Waits until no outbox holds an event that was not accepted by all who want it. */
async function settle(): Promise<void> {
  const waiting = async () => {
    let count = 0;
    for (const { target } of databases.values()) {
      const client = new pg.Client({ ...target });
      await client.connect();
      const sql = 'SELECT count(*)::int AS n FROM outbox_event WHERE published_at IS NULL';
      count += (await client.query<{ n: number }>(sql)).rows[0]?.n ?? 0;
      await client.end();
    }
    return count;
  };
  await until('every event is accepted', async () => (await waiting()) === 0);
}

const timeline = `{
  patients(first: 50) {
    edges {
      node {
        name
        institution { name }
        latestCheckup { recordedBy { name } }
        prescriptions(first: 1) { edges { node { state } } }
        accessHistory(first: 3) { edges { node { purpose actor { name } } } }
      }
    }
  }
}`;

test('one query is answered from five processes, and events have travelled', async () => {
  const { data, errors } = await ask('hospital-clinician-1', timeline);
  expect(errors).toEqual([]);
  expect(data).toMatchObject({
    patients: {
      edges: expect.arrayContaining([
        {
          node: {
            name: expect.any(String),
            institution: { name: expect.any(String) },
            latestCheckup: { recordedBy: { name: expect.any(String) } },
            prescriptions: { edges: expect.any(Array) },
            accessHistory: {
              edges: expect.arrayContaining([
                { node: { purpose: 'treatment', actor: { name: expect.any(String) } } },
              ]),
            },
          },
        },
      ]),
    },
  });
});

test('a record that one process opens, another shows', async () => {
  const someone = '{ patients(first: 1) { edges { node { id } } } }';
  const found = (await ask('clinician-1', someone)).data?.['patients'];
  const id = (found as { edges: { node: { id: string } }[] }).edges[0]?.node.id;
  const read = (headers: Record<string, string> = {}) =>
    ask(
      'clinician-2',
      'query ($id: UUID!) { patient(id: $id) { checkups { edges { cursor } } } }',
      {
        ...{ id },
      },
      { headers },
    );
  expect((await read()).data).toEqual({ patient: null });
  const opened = await ask(
    'clinician-2',
    `mutation ($operation: OperationInput!, $input: BreakGlassInput!) {
      breakGlass(operation: $operation, input: $input) { grant }
    }`,
    {
      operation: writing().operation(),
      input: { patientId: id, reason: 'EMERGENCY', justification: 'Brought in after a fall.' },
    },
  );
  expect(opened.errors).toEqual([]);
  const { grant } = opened.data?.['breakGlass'] as { grant: string };
  const { data, errors } = await read({ 'x-break-glass': grant });
  expect(errors).toEqual([]);
  expect(data).toMatchObject({ patient: { checkups: { edges: expect.any(Array) } } });
  const forged = await read({ 'x-break-glass': `${grant.slice(0, -9)}AAAAAAAAA` });
  expect(forged.data).toEqual({ patient: null });
});

const ready = async () => {
  const answer = await fetch(`http://127.0.0.1:${portOf('router')}/ready`);
  return { status: answer.status, body: await answer.json() };
};

test('a subgraph that is killed is missed by name, and is back when it starts again', async () => {
  expect(await ready()).toMatchObject({ status: 200 });
  processOf('clinical').kill('SIGKILL');
  await processOf('clinical').ended;
  const { data, errors } = await ask('hospital-clinician-1', timeline);
  const { edges } = data?.['patients'] as { edges: { node: Record<string, unknown> }[] };
  expect(edges.length).toBeGreaterThan(0);
  for (const { node } of edges) {
    expect(node).toMatchObject({ name: expect.any(String), latestCheckup: null });
  }
  expect(errors.map(({ extensions }) => extensions)).toEqual([
    expect.objectContaining({ code: 'SUBGRAPH_UNAVAILABLE', subgraph: 'clinical' }),
  ]);
  expect(await ready()).toMatchObject({
    status: 503,
    body: { subgraphs: { clinical: 'down', patient: 'up' } },
  });

  processes.set('clinical', startSubgraph('clinical'));
  await listening('clinical');
  await expect
    .poll(async () => (await ask('hospital-clinician-1', timeline)).errors, { timeout: 20_000 })
    .toEqual([]);
  expect(await ready()).toMatchObject({ status: 200 });
  // What patient committed meanwhile is carried to it after all.
  await settle();
});

test('a taken port is said in a line, and nothing keeps running', async () => {
  const second = startSubgraph('patient');
  expect(await second.ended).toBe(1);
  const said = second.stderr() + second.stdout();
  expect(said).toContain(`PORT_TAKEN: port ${portOf('patient')}`);
  expect(await ready()).toMatchObject({ status: 200 });
});

test('a missing secret is named and stops the start', async () => {
  const bare = startProcess(['subgraphs/patient/src/main.ts'], { PORT: '0' });
  expect(await bare.ended).toBe(1);
  for (const name of ['DATABASE_URL', 'TOKEN_ISSUER', 'OPERATION_HASH_KEY', 'EVENT_DELIVERY_KEY']) {
    expect(bare.stderr() + bare.stdout()).toContain(name);
  }
});

test('SIGTERM ends every process with 0', async () => {
  for (const name of ['router', ...storeNames]) {
    processOf(name).kill('SIGTERM');
    expect(await processOf(name).ended, name).toBe(0);
  }
});
