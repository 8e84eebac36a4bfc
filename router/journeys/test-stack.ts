import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { makeSigningKey, type SigningKey } from '@caregraph/access';
import { createIdSource, systemClock } from '@caregraph/clock';
import {
  storeNames,
  type DatabaseName,
  type DatabaseTarget,
  type StoreName,
} from '@caregraph/database';
import { embeddedDocuments, startDeployment, type Deployment } from '@caregraph/deployment';
import {
  demoActors,
  generateDistrict,
  loadDistrict,
  type DemoActor,
  type GeneratedDistrict,
  type LoadOptions,
} from '@caregraph/factory';
import { createLogger, type Metrics } from '@caregraph/observability';
import {
  createTestDatabase,
  createTestKeys,
  type TestDatabase,
  type TestKeys,
} from '@caregraph/testbed';
import type { DemoToken, RouterConfig } from '../src/index.ts';

/** What a client reads of a GraphQL answer. */
export interface Answer {
  readonly status: number;
  /** Looked at by matchers only, so its shape is left open. */
  readonly data: Record<string, unknown> | null | undefined;
  readonly errors: readonly AnswerError[];
}

export interface AnswerError {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly extensions: { readonly code: string } & Readonly<Record<string, unknown>>;
}

export interface AskExtra {
  readonly headers?: Readonly<Record<string, string>>;
  /** Replaces the actor's own token. */
  readonly token?: string;
}

/** The embedded deployment over databases of its own, with a small district in it. */
export interface JourneyStack {
  readonly url: string;
  readonly deployment: Deployment;
  /** Where each of its databases is; that of identity only where people sign in. */
  readonly databases: Readonly<Partial<Record<DatabaseName, DatabaseTarget>>>;
  readonly signingKey: SigningKey;
  /** The key database and the key file. */
  readonly keys: TestKeys;
  /** The key of break-glass grants. */
  readonly grantKey: SigningKey;
  readonly district: GeneratedDistrict;
  readonly log: readonly string[];
  actor(key: string): DemoActor;
  token(actorKey: string): Promise<string>;
  /** Posts a document over HTTP as one of the district's people. */
  ask(
    actorKey: string,
    query: string,
    variables?: Record<string, unknown>,
    extra?: AskExtra,
  ): Promise<Answer>;
  /** As `ask`; fails the test when there is an error. @returns the data */
  read(
    actorKey: string,
    query: string,
    variables?: Record<string, unknown>,
  ): Promise<Record<string, unknown>>;
  /** The operation argument of a mutation: new id, next sequence, recorded now. */
  operation(over?: Record<string, unknown>): Record<string, unknown>;
  newId(): string;
  /** Waits until every event has arrived. */
  settle(): Promise<void>;
  stop(): Promise<void>;
}

export interface JourneyOptions {
  /** About 4.6 people each; 0 leaves the stores empty but for areas and staff. */
  readonly households?: number;
  readonly router?: Partial<RouterConfig>;
  /**
   * The port of a router at which people sign in: its address has to be known beforehand. Their
   * clients have the documents that ship with the code.
   */
  readonly signInPort?: number;
  /** Takes the numbers that the deployment tells of itself. */
  readonly metrics?: Metrics;
  /** Replaces the way to a store's database. */
  readonly reach?: (store: StoreName, target: DatabaseTarget) => Promise<DatabaseTarget>;
}

const settleDeadlineMs = 60_000;

/**
 * Starts the whole stack for a test file: real PostgreSQL, real tokens, real HTTP.
 *
 * @example
 *   const stack = await startJourney({ households: 6 });
 *   afterAll(() => stack.stop());
 */
export async function startJourney(options: JourneyOptions = {}): Promise<JourneyStack> {
  const made = await Promise.all(storeNames.map(createTestDatabase));
  const databases = await reachAll(made, options.reach);
  const today = systemClock.now().toISOString().slice(0, 10);
  const { households = 6 } = options;
  const district = generateDistrict({ ...{ seed: 'journey', today, households }, ...smallMap });
  const people = demoActors(district);
  const log: string[] = [];
  const keys = await secrets();
  const testKeys = await createTestKeys();
  const destination = { write: (line: string) => void log.push(line) };
  const logger = createLogger({ service: 'journey', level: 'debug', destination });
  const signIn = await signInAt(options.signInPort, { keys, log: logger });
  const deployment = await startDeployment({
    databases,
    keyDatabase: testKeys.keyDatabase,
    keyService: testKeys.keyService,
    ...signIn.options,
    ...(options.metrics && { metrics: options.metrics }),
    keys,
    log: logger,
    clock: systemClock,
    phoneRegion: 'IN',
    router: { port: options.signInPort ?? 0, ...options.router },
    demoTokens: (tokens) => demoTokens(people, (one) => tokens.issue(subjectOf(one))),
  });
  const actor = (key: string) => actorOf(people, key);
  const token = (key: string) => deployment.tokens.issue(subjectOf(actor(key)));
  const settle = async () => {
    if (!(await deployment.settle(settleDeadlineMs))) throw new Error('events did not arrive');
  };
  const url = await deployment.listen();
  const { tokenSigning: signingKey, breakGlass: grantKey } = keys;
  const ask = asking(url, token);
  await loadDistrict({ district, settle, send: sender(ask) });
  return {
    ...{
      url,
      deployment,
      databases: { ...databases, keys: testKeys.keyDatabase, ...signIn.databases },
      keys: testKeys,
      signingKey,
      grantKey,
      district,
      log,
      actor,
      token,
      ask,
      settle,
    },
    ...writing(),
    async read(actorKey, query, variables) {
      const { data, errors } = await ask(actorKey, query, variables);
      if (errors.length > 0 || !data) throw new Error(JSON.stringify(errors.slice(0, 3)));
      return data;
    },
    async stop() {
      await deployment.stop();
      await testKeys.stop();
      await Promise.all(made.map((one) => one.drop()));
      await signIn.drop();
    },
  };
}

async function signInAt(
  port: number | undefined,
  deps: Omit<Parameters<typeof embeddedDocuments>[0], 'dataDirectory'>,
) {
  if (port === undefined) return { options: {}, databases: {}, drop: () => Promise.resolve() };
  const database = await createTestDatabase('identity');
  const dataDirectory = await mkdtemp(join(tmpdir(), 'caregraph-journey-'));
  const publicUrl = `http://127.0.0.1:${port}`;
  return {
    options: {
      identity: { database: database.target, publicUrl },
      documents: await embeddedDocuments({ dataDirectory, ...deps }),
    },
    databases: { identity: database.target },
    async drop() {
      await database.drop();
      await rm(dataDirectory, { recursive: true });
    },
  };
}

/** Few villages, so that each has people even in a small district. */
export const smallMap = { blocks: 2, villagesPerBlock: 2 };

export function actorOf(people: readonly DemoActor[], key: string): DemoActor {
  const found = people.find((one) => one.key === key);
  if (!found) throw new Error(`nobody is called ${key}`);
  return found;
}

export function subjectOf({ staffId, roles, institutionId, areaRoots, purposes }: DemoActor) {
  return { id: staffId, roles, institutionId, areaRoots, purposes };
}

/** Keys of an embedded deployment. */
export async function secrets() {
  const bytes = (value: number) => new Uint8Array(32).fill(value);
  const [tokenSigning, breakGlass] = [await makeSigningKey(), await makeSigningKey()];
  const [documentSigning, erasureSigning] = [await makeSigningKey(), await makeSigningKey()];
  return {
    tokenSigning,
    breakGlass,
    documentSigning,
    erasureSigning,
    operationHash: bytes(1),
    identitySealing: bytes(3),
    importIds: bytes(4),
  };
}

async function reachAll(
  made: readonly TestDatabase[],
  reach: JourneyOptions['reach'] = (_store, target) => Promise.resolve(target),
): Promise<Record<StoreName, DatabaseTarget>> {
  const of = (name: StoreName) => {
    const database = made[storeNames.indexOf(name)];
    if (!database) throw new Error(`no database for ${name}`);
    return reach(name, database.target);
  };
  return {
    patient: await of('patient'),
    clinical: await of('clinical'),
    prescription: await of('prescription'),
    institution: await of('institution'),
    audit: await of('audit'),
  };
}

async function demoTokens(
  people: readonly DemoActor[],
  issue: (actor: DemoActor) => Promise<string>,
): Promise<readonly DemoToken[]> {
  const expiresAt = new Date(systemClock.now().getTime() + 600_000).toISOString();
  const featured = people.filter((one) => one.featured);
  return Promise.all(
    featured.map(async (one) => ({
      ...{ label: one.label, role: one.roles[0], expiresAt, token: await issue(one) },
    })),
  );
}

const answerShape = z.object({
  data: z.record(z.string(), z.unknown()).nullish(),
  errors: z
    .array(
      z.object({
        message: z.string(),
        path: z.array(z.union([z.string(), z.number()])).optional(),
        extensions: z.looseObject({ code: z.string() }),
      }),
    )
    .default([]),
});

/** @returns a function that posts documents to a router with the token of an actor */
export function asking(
  url: string,
  token: (actorKey: string) => Promise<string>,
): JourneyStack['ask'] {
  return async (actorKey, query, variables = {}, extra = {}) => {
    const answer = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${extra.token ?? (await token(actorKey))}`,
        'content-type': 'application/json',
        ...extra.headers,
      },
      body: JSON.stringify({ query, variables }),
    });
    const { data, errors } = answerShape.parse(await answer.json());
    // zod says `path?: T | undefined`, which JSON cannot carry.
    return { status: answer.status, data, errors: errors as AnswerError[] };
  };
}

const receipts = z.array(
  z.nullable(
    z.object({
      verdict: z.string(),
      replayed: z.boolean(),
      problems: z.array(z.object({ code: z.string(), field: z.string().nullish() })),
    }),
  ),
);

/** Sends the batches of a district through the router, as devices do. */
export function sender(ask: JourneyStack['ask']): LoadOptions['send'] {
  return async (subgraph, actor, operations) => {
    const name = `${subgraph.charAt(0).toUpperCase()}${subgraph.slice(1)}`;
    const query = `mutation ($operations: [${name}Operation!]!) {
      receipts: apply${name}Operations(operations: $operations) {
        verdict replayed problems { code field }
      }
    }`;
    const { data, errors } = await ask(actor, query, { operations });
    if (errors[0]) throw new Error(`${subgraph} by ${actor}: ${JSON.stringify(errors[0])}`);
    return receipts.parse(data?.['receipts']).map(
      (one) =>
        one && {
          ...one,
          problems: one.problems.map(({ code, field }) => ({ code, field: field ?? null })),
        },
    );
  };
}

/** A device of its own, which counts what it writes. */
export function writing(): Pick<JourneyStack, 'operation' | 'newId'> {
  const ids = createIdSource(systemClock);
  const deviceId = ids.next();
  let deviceSequence = 0;
  return {
    newId: ids.next,
    operation(over = {}) {
      deviceSequence += 1;
      const recordedAt = systemClock.now().toISOString();
      return { id: ids.next(), deviceId, deviceSequence, recordedAt, ...over };
    },
  };
}
