import { HeaderMap, type ApolloServer, type HTTPGraphQLResponse } from '@apollo/server';
import { accessRulesOf, type BreakGlassAccess, type TokenVerifier } from '@caregraph/access';
import type { Clock, IdSource } from '@caregraph/clock';
import { isTransientDatabaseFault, type DatabasePool } from '@caregraph/database';
import type { KeyServiceState, SealedFields } from '@caregraph/encryption';
import type { ProblemCode } from '@caregraph/fault';
import {
  createInbox,
  createRelay,
  type EventConsumer,
  type EventHandlers,
  type EventTransport,
  type SqlSession,
  type TransactionalStore,
} from '@caregraph/messaging';
import type { Logger, Metrics } from '@caregraph/observability';
import { createAccessCommitter } from './audit/access-committer.ts';
import type { Concept } from './concept.ts';
import { createKeyTending } from './key-tending.ts';
import type { RequestContext } from './context.ts';
import { createOperationEngine } from './operation/operation-engine.ts';
import { operationGates, operationRoot } from './operation/operation-root.ts';
import { createGates } from './schema/access-gate.ts';
import { subgraphSdl } from './schema/subgraph-sdl.ts';
import type { Sealing } from './sealing.ts';
import { createRequestContext } from './server/request-context.ts';
import { createSubgraphServer, type RequestHeaders } from './server/subgraph-server.ts';

/** What a process gives to a subgraph: everything it needs from outside. */
export interface SubgraphDependencies {
  readonly pool: DatabasePool;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly log: Logger;
  readonly verifier: TokenVerifier;
  /** With which the router signs what it says of a request; at least 32 bytes. */
  readonly routerContextKey: Uint8Array;
  /** Opens records outside the scope: verifies the grants of requests. */
  readonly breakGlass: BreakGlassAccess;
  readonly transport: EventTransport;
  /** Keys the hash of requests in operation records; at least 32 bytes. */
  readonly operationHashKey: Uint8Array;
  /** Through which sensitive fields pass. */
  readonly sealing: Sealing;
  /** Takes numbers about the subgraph; left out where nobody reads them. */
  readonly metrics?: Metrics;
}

/** A subgraph that can be served in process or over HTTP. */
export interface Subgraph {
  readonly name: string;
  /** Answers one GraphQL request; only headers and the body cross. */
  execute(request: SubgraphRequest): Promise<HTTPGraphQLResponse>;
  /** Takes in events of other subgraphs. */
  readonly consumer: EventConsumer;
  /** Starts the server and the relay of the outbox. */
  start(): Promise<void>;
  /** Waits until all committed events have been accepted, at most so many milliseconds. */
  settleEvents(deadlineMs: number): Promise<boolean>;
  /** Tells whether the store answers, and its keys can be had. */
  isReady(): Promise<boolean>;
  /** Whether the key service is there. */
  keyState(): KeyServiceState;
  /** Finishes what is under way and stops. Pools are closed by who opened them. */
  stop(): Promise<void>;
}

/** A POST: a GET would carry variables, and so patients, in a URL. */
export interface SubgraphRequest {
  readonly method: 'POST';
  readonly headers: RequestHeaders;
  /** Empty: a URL carries nothing. */
  readonly search: string;
  /** The parsed JSON body. */
  readonly body: unknown;
}

export interface SubgraphDefinition<TContext extends RequestContext, TTx extends SqlSession> {
  readonly name: string;
  /** The field through which devices replay, e.g. `applyPatientOperations`. */
  readonly batchField?: string;
  readonly concepts: readonly Concept<TContext, TTx>[];
  readonly store: TransactionalStore<TTx>;
  /** Adds the stores, built from the request's scope. */
  readonly extendContext: (base: RequestContext) => TContext;
  /** Forgets what the request has loaded, after a write. */
  readonly clearLoaders: (ctx: TContext) => void;
  /** The sealed fields of the store; left out where it has none. */
  readonly sealedFields?: SealedFields;
  readonly constraintProblems?: Readonly<Record<string, ProblemCode>>;
  readonly eventHandlers: EventHandlers<TTx>;
  /** Brings the store's reference data up to date before the first request. */
  readonly prepare?: () => Promise<void>;
}

/**
 * Assembles a subgraph from its concepts: schema, access, operations, audit, outbox and inbox.
 *
 * @throws Error when the SDL does not build or its access directives are not in order
 * @example assembleSubgraph({ name: 'patient', concepts: [patientConcept], ... }, dependencies)
 */
export function assembleSubgraph<TContext extends RequestContext, TTx extends SqlSession>(
  definition: SubgraphDefinition<TContext, TTx>,
  deps: SubgraphDependencies,
): Subgraph {
  const { name } = definition;
  const log = deps.log.child({ subgraph: name });
  const source = `caregraph/${name}`;
  const relay = createRelay({ pool: deps.pool, source, transport: deps.transport, log });
  const tending = createKeyTending(definition.sealedFields, { ...deps, log });
  const { server, createContext } = createGraph(definition, deps, { log, nudge: relay.nudge });
  return {
    name,
    execute: (request) => execute(server, createContext, request),
    consumer: createInbox({
      name,
      store: definition.store,
      handlers: definition.eventHandlers,
      log,
      isTransient: isTransientDatabaseFault,
    }),
    async start() {
      await tending.start();
      await definition.prepare?.();
      await server.start();
      relay.start();
    },
    settleEvents: relay.drain,
    keyState: deps.sealing.state,
    async isReady() {
      return deps.pool.query('SELECT 1').then(
        () => deps.sealing.state() !== 'unavailable',
        (error: unknown) => {
          log.warn('the store does not answer', { code: 'STORE_UNAVAILABLE', error });
          return false;
        },
      );
    },
    async stop() {
      await server.stop();
      await relay.stop();
      tending.stop();
    },
  };
}

/** The server of a subgraph: its SDL says who may ask, before anything that answers is built. */
function createGraph<TContext extends RequestContext, TTx extends SqlSession>(
  definition: SubgraphDefinition<TContext, TTx>,
  deps: SubgraphDependencies,
  { log, nudge }: { log: Logger; nudge: () => void },
) {
  const typeDefs = subgraphSdl(definition.concepts);
  const rules = accessRulesOf(typeDefs);
  const gates = createGates(rules);
  const operations = definition.concepts.flatMap((concept) => concept.operations ?? []);
  const engine = createOperationEngine<TContext, TTx>({
    subgraph: definition.name,
    store: definition.store,
    hashKey: deps.operationHashKey,
    enforce: operationGates(operations, rules, gates),
    sealing: deps.sealing,
    constraintProblems: definition.constraintProblems ?? {},
    onCommit: nudge,
  });
  return createSubgraphServer<TContext>({
    typeDefs,
    rules,
    gates,
    resolvers: [
      ...operationRoot(definition, engine),
      ...definition.concepts.map((concept) => concept.resolvers),
    ],
    createContext: async (headers) =>
      definition.extendContext(
        await createRequestContext(headers, { ...deps, subgraph: definition.name, log }),
      ),
    accessCommitter: createAccessCommitter({ ...deps, onCommit: nudge }),
    log,
    onUnreadable: unreadableCounter(definition.name, deps.metrics),
  });
}

function unreadableCounter(store: string, metrics: Metrics | undefined): (code: string) => void {
  const count = metrics?.count(
    'caregraph_unreadable_values_total',
    'Stored values that did not open.',
  );
  return (code) => count?.({ store, code });
}

async function execute<TContext extends RequestContext>(
  server: ApolloServer<TContext>,
  createContext: (headers: RequestHeaders) => Promise<TContext>,
  request: SubgraphRequest,
): Promise<HTTPGraphQLResponse> {
  const headers = new HeaderMap();
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers.set(name, value);
  }
  const { method, search, body } = request;
  return server.executeHTTPGraphQLRequest({
    httpGraphQLRequest: { method, headers, search, body },
    context: () => createContext(request.headers),
  });
}
