import type { ApolloServer } from '@apollo/server';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { fastifyApolloHandler } from '@as-integrations/fastify';
import {
  createRouterContextSigner,
  type RevocationState,
  type TokenVerifier,
} from '@caregraph/access';
import type { Clock, IdSource } from '@caregraph/clock';
import { installDrain, listen } from '@caregraph/network';
import type { Logger } from '@caregraph/observability';
import type { SupergraphUpdate } from './access/index.ts';
import type { RouterConfig } from './config.ts';
import {
  createDocumentHandler,
  followDocuments,
  installBodyReader,
  noDocuments,
  type Documents,
  type DocumentSource,
} from './documents/index.ts';
import { installExplorer, type DemoToken, type ExplorerSignIn } from './explorer/explorer-route.ts';
import { createGraphqlServer } from './graphql/graphql-server.ts';
import { createLimits } from './limits/index.ts';
import { actorOf, createAuthenticationHook } from './http/authentication.ts';
import { answerError } from './http/error-answer.ts';
import { installHealth } from './http/health.ts';
import { createHttpServer } from './http/http-server.ts';
import type { RouterContext } from './router-context.ts';
import { createHttpTransport, type HttpSubgraph } from './subgraph/http-transport.ts';
import {
  createInProcessTransport,
  type InProcessSubgraph,
} from './subgraph/in-process-transport.ts';
import { subgraphHeaders } from './subgraph/subgraph-headers.ts';
import type { SupergraphSource } from './supergraph/supergraph-source.ts';

export interface RouterOptions {
  readonly config: RouterConfig;
  /** Every subgraph that the supergraph names, by its name there. */
  readonly subgraphs: Readonly<Record<string, InProcessSubgraph | HttpSubgraph>>;
  readonly supergraph: SupergraphSource;
  /** What clients run who may not send documents of their own; nothing when left out. */
  readonly documents?: DocumentSource;
  readonly verifier: TokenVerifier;
  /** Whether what was revoked elsewhere is known here; `current` when left out. */
  readonly revocationState?: () => RevocationState;
  /** Counts rates for all routers together; without it each counts its own. */
  readonly redisUrl?: string | undefined;
  /** With which subgraphs check what the router says of a request; at least 32 bytes. */
  readonly routerContextKey: Uint8Array;
  readonly log: Logger;
  readonly clock: Clock;
  readonly ids: IdSource;
  /** Where people sign in to the explorer; without it they bring a token. */
  readonly signIn?: ExplorerSignIn;
  /** Tokens for the explorer's page; the embedded profile alone passes them. */
  readonly demoTokens?: () => Promise<readonly DemoToken[]>;
}

export interface Router {
  readonly app: FastifyInstance;
  /** @returns the address clients use. @throws Error with code PORT_TAKEN */
  listen(): Promise<string>;
  /** Serves another supergraph without dropping a request. */
  update(supergraphSdl: string): Promise<SupergraphUpdate>;
  /** Lets requests in flight finish, refuses new ones, then stops. */
  close(): Promise<void>;
}

/**
 * Creates the one public GraphQL endpoint. It listens only after `listen()`.
 *
 * @throws when the supergraph does not load
 * @example
 * const router = await createRouter({ config: defaultRouterConfig, subgraphs, supergraph, verifier, log, clock, ids });
 * await router.listen();
 */
export async function createRouter(options: RouterOptions): Promise<Router> {
  const { config, supergraph, log } = options;
  const documents = await followDocuments(options.documents ?? noDocuments);
  const { app, retire } = await createHttpServer(options);
  const transports = createTransports(options);
  const limits = await createLimits({ ...options, config: config.limits });
  const graphql = await createGraphqlServer({
    subgraphs: transports,
    supergraph,
    introspection: config.introspection,
    unauthorisedFields: config.unauthorisedFields,
    limits,
    log,
  }).catch((error: unknown) => {
    // Its connection would keep a process alive that has nothing to serve.
    limits.close();
    throw error;
  });
  const { isDraining, drain } = installDrain(app, answerError);
  const { revocationState = () => 'current' } = options;
  installHealth(app, transports, { isDraining, limits, revocationState });
  installGraphql(app, options, graphql.apollo, documents);
  if (config.explorer) await installExplorer(app, options);

  let closing: Promise<void> | undefined;
  async function stop(): Promise<void> {
    retire();
    await drain(config.drainTimeoutMs);
    await app.close();
    documents.stop();
    await graphql.stop();
    limits.close();
    await Promise.all([...transports.values()].map((transport) => transport.close()));
  }
  return {
    app,
    listen: () => listen(app, config),
    update: graphql.update,
    close: () => (closing ??= stop()),
  };
}

function createTransports({ subgraphs, config }: RouterOptions) {
  return new Map(
    Object.entries(subgraphs).map(([name, subgraph]) => [
      name,
      subgraph.kind === 'http'
        ? createHttpTransport(subgraph, config.subgraphTimeoutMs)
        : createInProcessTransport(subgraph, config.subgraphTimeoutMs),
    ]),
  );
}

function installGraphql(
  app: FastifyInstance,
  { verifier, routerContextKey, clock }: RouterOptions,
  apollo: ApolloServer<RouterContext>,
  documents: Documents,
): void {
  const sign = createRouterContextSigner(routerContextKey, clock);
  const context = async (request: FastifyRequest, reply: FastifyReply): Promise<RouterContext> => {
    reply.header('cache-control', 'no-store');
    return {
      requestId: request.id,
      actor: actorOf(request),
      subgraphHeaders: subgraphHeaders(request, sign),
    };
  };
  installBodyReader(app);
  const freeForm = fastifyApolloHandler(apollo, { context });
  app.route({
    method: ['GET', 'POST'],
    url: '/graphql',
    onRequest: createAuthenticationHook(verifier),
    handler: createDocumentHandler({ apollo, documents, context, freeForm }),
  });
}
