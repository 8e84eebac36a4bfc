import { createLocalJWKSet } from 'jose';
import {
  createBreakGlassAccess,
  createRevocationList,
  createTokenIssuer,
  createTokenVerifier,
  makeSigningKey,
  type BreakGlassAccess,
  type BreakGlassGrant,
  type TokenSubject,
} from '@caregraph/access';
import { createIdSource, systemClock, type IdSource } from '@caregraph/clock';
import {
  countStatements,
  createPool,
  type CountedStatements,
  type DatabasePool,
  type StoreName,
} from '@caregraph/database';
import { createInProcessTransport, type EventConsumer } from '@caregraph/messaging';
import { createLogger } from '@caregraph/observability';
import type { Sealing, Subgraph, SubgraphDependencies } from '@caregraph/subgraph';
import { createTestDatabase } from './test-database.ts';
import { createTestKeys, type TestKeys } from './test-sealing.ts';

/**
 * Counts the statements that a request sends, without those of the relay and the inbox, which work
 * beside it when they please.
 */
export async function countRequestStatements<T>(
  pool: DatabasePool,
  work: () => Promise<T>,
): Promise<CountedStatements<T>> {
  const { result, statements } = await countStatements(pool, work);
  const own = statements.filter(
    (sql) => !/outbox_event|inbox_message|_ref"? \(id|^(BEGIN|COMMIT)$/.test(sql),
  );
  return { result, statements: own, count: own.length };
}

/** The answer of a GraphQL request, as a client would read it. */
export interface TestAnswer {
  readonly status: number;
  readonly data: Record<string, unknown> | null | undefined;
  readonly errors: readonly { readonly message: string; readonly extensions: { code: string } }[];
}

/** A subgraph over a database of its own, asked with real tokens. */
export interface TestSubgraph {
  readonly subgraph: Subgraph;
  readonly pool: DatabasePool;
  readonly keys: TestKeys;
  /** What the subgraph seals with; its keys can be forgotten. */
  readonly sealing: Sealing;
  readonly ids: IdSource;
  token(subject: Partial<TokenSubject>): Promise<string>;
  ask(
    token: string,
    query: string,
    variables?: Record<string, unknown>,
    headers?: Readonly<Record<string, string>>,
  ): Promise<TestAnswer>;
  /** The header of a break-glass grant of an actor for a patient, as the patient subgraph signs it. */
  grant(actorId: string, patientId: string): Promise<Readonly<Record<string, string>>>;
  /** The operation argument of a mutation: new id, next sequence, recorded now. */
  operation(over?: Record<string, unknown>): Record<string, unknown>;
  stop(): Promise<void>;
}

const issuer = 'https://identity.test';
const audience = 'https://caregraph.test';

/**
 * Starts a subgraph for a test file on a freshly migrated database. Authorization is never
 * stubbed: tokens are signed and verified for real.
 *
 * @param consumers who gets the events of its outbox
 * @example const patient = await createTestSubgraph('patient', createPatientSubgraph);
 */
export async function createTestSubgraph(
  store: StoreName,
  create: (deps: SubgraphDependencies) => Subgraph,
  consumers: () => readonly EventConsumer[] = () => [],
): Promise<TestSubgraph> {
  const database = await createTestDatabase(store);
  const testKeys = await createTestKeys();
  const sealing = testKeys.sealing(store);
  const pool = createPool(database.target, {
    maxConnections: 20,
    statementTimeoutMs: 10_000,
    applicationName: 'test',
  });
  const clock = systemClock;
  const ids = createIdSource(clock);
  const key = await makeSigningKey();
  const keys = createLocalJWKSet({ keys: [key.publicJwk] });
  const tokens = createTokenIssuer({
    key,
    issuer,
    audience,
    clientId: 'test',
    documents: 'free',
    clock,
    ids,
  });
  const revocations = createRevocationList(clock);
  const grantKey = await makeSigningKey();
  const breakGlass = createBreakGlassAccess({
    key: grantKey,
    keys: createLocalJWKSet({ keys: [grantKey.publicJwk] }),
    clock,
    revocations,
    revoke: async (revocation) => revocations.add(revocation),
  });
  const subgraph = create({
    pool,
    clock,
    ids,
    log: createLogger({ service: 'test', level: 'silent' }),
    verifier: createTokenVerifier({ issuer, audience, keys, clock }),
    routerContextKey: new Uint8Array(32).fill(3),
    breakGlass,
    transport: createInProcessTransport(consumers),
    operationHashKey: new Uint8Array(32).fill(1),
    sealing,
  });
  await subgraph.start();
  return {
    subgraph,
    pool,
    keys: testKeys,
    sealing,
    ids,
    ...asking(subgraph, ids),
    grant: (actorId, patientId) =>
      grantHeader(breakGlass, { grantId: ids.next(), actorId, patientId }),
    token: (subject) =>
      tokens.issue({
        id: ids.next(),
        roles: ['health_worker'],
        institutionId: ids.next(),
        areaRoots: [],
        purposes: ['treatment'],
        ...subject,
      }),
    async stop() {
      await subgraph.stop();
      await pool.end();
      await testKeys.stop();
      await database.drop();
    },
  };
}

async function grantHeader(
  { issuer }: BreakGlassAccess,
  whose: Pick<BreakGlassGrant, 'grantId' | 'actorId' | 'patientId'>,
): Promise<Readonly<Record<string, string>>> {
  const issuedAt = Math.floor(systemClock.now().getTime() / 1_000);
  const term = { issuedAt, expiresAt: issuedAt + 600 };
  const grant = await issuer?.sign({
    ...whose,
    purpose: 'treatment',
    reason: 'EMERGENCY',
    ...term,
  });
  return { 'x-break-glass': grant ?? '' };
}

function asking(subgraph: Subgraph, ids: IdSource): Pick<TestSubgraph, 'ask' | 'operation'> {
  const deviceId = ids.next();
  let deviceSequence = 0;
  return {
    async ask(token, query, variables = {}, given = {}) {
      const answer = await subgraph.execute({
        method: 'POST',
        headers: {
          authorization: `Bearer ${token}`,
          'content-type': 'application/json',
          ...given,
        },
        search: '',
        body: { query, variables },
      });
      const text = answer.body.kind === 'complete' ? answer.body.string : '{}';
      // What Apollo Server writes is a GraphQL response.
      const body = JSON.parse(text) as Partial<TestAnswer>;
      return { status: answer.status ?? 200, data: body.data, errors: body.errors ?? [] };
    },
    operation(over = {}) {
      deviceSequence += 1;
      const recordedAt = systemClock.now().toISOString();
      return { id: ids.next(), deviceId, deviceSequence, recordedAt, clockOffsetMs: 0, ...over };
    },
  };
}
