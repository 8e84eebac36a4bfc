import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import pg from 'pg';
import { systemClock } from '@caregraph/clock';
import { storeNames, type StoreName } from '@caregraph/database';
import { demoActors, generateDistrict, loadDistrict, type DemoActor } from '@caregraph/factory';
import { openIdentity, readIdentityConfig, type OpenIdentity } from '@caregraph/identity';
import { createTestDatabase, freePort, startRedis, type Service } from '@caregraph/testbed';
import { makeCertificate, type Certificate } from '@caregraph/testbed/network';
import { startProcess, until, type RunningProcess } from './test-process.ts';
import { startSwitch, type Switch } from './test-switch.ts';
import { actorOf, asking, sender, smallMap, subjectOf, type JourneyStack } from './test-stack.ts';

/** Every process of the full profile: subgraphs, identity behind TLS, and two routers. */

export const processNames = [...storeNames, 'identity', 'router', 'tls-router'] as const;
export type ProcessName = (typeof processNames)[number];

const audience = 'https://caregraph.test/graph';
const subscribers: Readonly<Record<StoreName, readonly ProcessName[]>> = {
  patient: ['clinical', 'prescription', 'audit'],
  institution: ['patient', 'clinical', 'prescription', 'audit', 'identity'],
  clinical: ['audit'],
  prescription: ['audit'],
  audit: ['audit'],
};
const stores = [...storeNames, 'identity', 'keys'] as const;

export interface FullProfile {
  readonly people: readonly DemoActor[];
  /** Vouches for the certificates of identity, of the second router, and of partners. */
  readonly authority: Certificate;
  readonly issuer: string;
  readonly graphUrl: string;
  /** The way to Redis, which can be cut. */
  readonly redis: Switch;
  /** Identity's store as its operator reaches it, with the keys of the deployment. */
  readonly operator: OpenIdentity;
  /** Asks the first router with a token for free documents, signed with identity's key. */
  readonly ask: JourneyStack['ask'];
  urlOf(name: ProcessName): string;
  processOf(name: ProcessName): RunningProcess;
  start(name: ProcessName): Promise<void>;
  /** A process that is expected to end. */
  startAgain(name: ProcessName): RunningProcess;
  /** A token as identity would issue it, without a sign-in. */
  token(actorKey: string, over?: object): Promise<string>;
  query(store: (typeof stores)[number], sql: string): Promise<readonly Record<string, unknown>[]>;
  /** Waits until no outbox holds an event that was not accepted by all who want it. */
  settle(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts all of it over databases of its own, and loads a small district through the router. */
export async function startFullProfile(): Promise<FullProfile> {
  const folder = await mkdtemp(join(tmpdir(), 'caregraph-full-'));
  const secrets = await makeSecrets(folder);
  const authority = await writeCertificates(folder);
  const databases = await Promise.all(stores.map((name) => createTestDatabase(name)));
  const targetOf = (name: string) => databases[stores.findIndex((one) => one === name)]?.target;
  const services: Service[] = [await startRedis()];
  const redis = await startSwitch(services[0]?.url ?? '');
  const ports = new Map<string, number>();
  for (const name of processNames) ports.set(name, await freePort());
  const isTls = (name: string) => name === 'identity' || name === 'tls-router';
  const urlOf = (name: ProcessName) =>
    `${isTls(name) ? 'https' : 'http'}://127.0.0.1:${ports.get(name)}`;
  const issuer = `${urlOf('identity')}/identity`;
  const graphUrl = `${urlOf('router')}/graphql`;
  const environmentOf = (name: ProcessName) => ({
    ...environments({ name, folder, secrets, urlOf, issuer, graphUrl }),
    PORT: String(ports.get(name)),
    REDIS_URL: redis.url,
    DATABASE_URL: databases[stores.findIndex((one) => one === name)]?.url ?? '',
    DATABASE_URL_KEYS: databases[stores.indexOf('keys')]?.url ?? '',
  });
  const processes = new Map<ProcessName, RunningProcess>();
  const processOf = (name: ProcessName) => {
    const found = processes.get(name);
    if (!found) throw new Error(`${name} does not run`);
    return found;
  };
  const launch = (name: ProcessName) => startProcess([scriptOf(name)], environmentOf(name));
  const start = async (name: ProcessName) => {
    processes.set(name, launch(name));
    await processOf(name).said('"listening"');
  };
  await Promise.all(processNames.map(start));
  const operator = await openIdentity(readIdentityConfig(environmentOf('identity')));

  const today = systemClock.now().toISOString().slice(0, 10);
  const district = generateDistrict({ seed: 'full', today, households: 6, ...smallMap });
  const people = demoActors(district);
  const token: FullProfile['token'] = (key, over = {}) =>
    operator.identity.tokens.issue({ ...subjectOf(actorOf(people, key)), ...over });
  const ask = asking(urlOf('router'), (key) => token(key));
  const query: FullProfile['query'] = async (store, sql) => {
    const client = new pg.Client({ ...targetOf(store) });
    await client.connect();
    const { rows } = await client.query<Record<string, unknown>>(sql);
    await client.end();
    return rows;
  };
  const waiting = async () => {
    const sql = 'SELECT 1 FROM outbox_event WHERE published_at IS NULL';
    return (await Promise.all(storeNames.map((name) => query(name, sql)))).flat().length;
  };
  const settle = () => until('every event is accepted', async () => (await waiting()) === 0);
  await loadDistrict({ district, send: sender(ask), settle });
  return {
    ...{ people, authority, issuer, graphUrl, redis, operator, ask, urlOf, processOf, start },
    ...{ startAgain: launch, token, query, settle },
    async stop() {
      for (const one of processes.values()) one.kill('SIGKILL');
      await Promise.all([...processes.values()].map((one) => one.ended));
      await operator.close();
      await redis.stop();
      await Promise.all(services.map((one) => one.stop()));
      for (const database of databases) await database.drop();
      await rm(folder, { recursive: true });
    },
  };
}

function scriptOf(name: ProcessName): string {
  if (name === 'router' || name === 'tls-router') return 'router/src/main.ts';
  return name === 'identity' ? 'identity/src/main.ts' : `subgraphs/${name}/src/main.ts`;
}

/** As an operator makes them. */
async function makeSecrets(folder: string): Promise<Readonly<Record<string, string>>> {
  const file = join(folder, 'secrets');
  const making = startProcess(['packages/cli/src/main.ts', 'keys', 'init', '--out', file], {});
  if ((await making.ended) !== 0) throw new Error(making.stderr());
  const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
  return Object.fromEntries(lines.map((line) => line.split(/=(.*)/, 2)));
}

/** One authority for all; processes and this test trust it. */
async function writeCertificates(folder: string): Promise<Certificate> {
  const authority = await makeCertificate('authority', { authority: true });
  const own = await makeCertificate('caregraph', { by: authority });
  await writeFile(join(folder, 'ca.crt'), authority.cert);
  await writeFile(join(folder, 'tls.crt'), own.cert);
  await writeFile(join(folder, 'tls.key'), own.key);
  setDefaultCACertificates([...getCACertificates('default'), authority.cert]);
  return authority;
}

function environments(of: {
  readonly name: ProcessName;
  readonly folder: string;
  readonly secrets: Readonly<Record<string, string>>;
  readonly urlOf: (name: ProcessName) => string;
  readonly issuer: string;
  readonly graphUrl: string;
}): Record<string, string> {
  const { name, folder, urlOf, issuer, graphUrl } = of;
  const secret = (variable: string) => ({ [variable]: of.secrets[variable] ?? '' });
  const tls = {
    TLS_CERT_FILE: join(folder, 'tls.crt'),
    TLS_KEY_FILE: join(folder, 'tls.key'),
    TLS_CLIENT_CA_FILE: join(folder, 'ca.crt'),
  };
  const token = {
    TOKEN_ISSUER: issuer,
    TOKEN_AUDIENCE: audience,
    NODE_EXTRA_CA_CERTS: join(folder, 'ca.crt'),
  };
  const verifying = {
    ...token,
    GRAPH_URL: graphUrl,
    JWKS_URL: `${issuer}/jwks`,
    ...secret('ROUTER_CONTEXT_KEY'),
  };
  if (name === 'identity') {
    return {
      ...{ ...token, ...tls, PUBLIC_URL: urlOf('router'), DATABASE_MAX_CONNECTIONS: '6' },
      ...{ INSTITUTION_URL: `${urlOf('institution')}/graphql` },
      ...{ ...secret('IDENTITY_SEALING_KEY'), ...secret('EVENT_DELIVERY_KEY') },
    };
  }
  if (name === 'router' || name === 'tls-router') {
    const urls = storeNames.map((one) => `${one}=${urlOf(one)}/graphql`);
    const own = name === 'tls-router' ? tls : {};
    // A machine that is busy with tests must not be taken for a Redis that is away.
    const patience = { REDIS_TIMEOUT_MS: '5000' };
    return { ...verifying, ...own, ...patience, SUBGRAPH_URLS: urls.join(',') };
  }
  return {
    ...verifying,
    ...secret('OPERATION_HASH_KEY'),
    ...{ ...secret('KEY_SERVICE'), ...secret('KEK_FILE') },
    ...{ ...secret('EVENT_DELIVERY_KEY'), ...secret('BREAK_GLASS_JWKS_URL') },
    ...(name === 'patient' && secret('BREAK_GLASS_KEY_FILE')),
    DATABASE_MAX_CONNECTIONS: '6',
    EVENT_SUBSCRIBER_URLS: subscribers[name].map((one) => `${urlOf(one)}/events`).join(','),
  };
}
