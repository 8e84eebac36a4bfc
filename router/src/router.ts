import type { ApolloServer } from '@apollo/server';
import fastifyFactory, { type FastifyInstance } from 'fastify';
import { fastifyApolloHandler } from '@as-integrations/fastify';
import type { TokenVerifier } from '@caregraph/access';
import type { Clock, IdSource } from '@caregraph/clock';
import type { Logger } from '@caregraph/observability';
import type { RouterConfig } from './config.ts';
import { installExplorer, type DemoToken } from './explorer/explorer-route.ts';
import { createGraphqlServer, type SupergraphUpdate } from './graphql/graphql-server.ts';
import { actorOf, createAuthenticationHook } from './http/authentication.ts';
import { installDrain } from './http/drain.ts';
import { answerError, describeThrown } from './http/error-answer.ts';
import { installHealth } from './http/health.ts';
import type { RouterContext } from './router-context.ts';
import { createHttpTransport, type HttpSubgraph } from './subgraph/http-transport.ts';
import {
  createInProcessTransport,
  type InProcessSubgraph,
} from './subgraph/in-process-transport.ts';
import type { SupergraphSource } from './supergraph/supergraph-source.ts';

export interface RouterOptions {
  readonly config: RouterConfig;
  /** Every subgraph that the supergraph names, by its name there. */
  readonly subgraphs: Readonly<Record<string, InProcessSubgraph | HttpSubgraph>>;
  readonly supergraph: SupergraphSource;
  readonly verifier: TokenVerifier;
  readonly log: Logger;
  readonly clock: Clock;
  readonly ids: IdSource;
  /** Tokens for the explorer's page; the embedded profile alone passes them. */
  readonly demoTokens?: () => Promise<readonly DemoToken[]>;
}

export interface Router {
  readonly app: FastifyInstance;
  /** @returns the address clients use. @throws Error with code PORT_TAKEN */
  listen(): Promise<string>;
  /** Serves another supergraph without dropping a request. */
  update(supergraphSdl: string): SupergraphUpdate;
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
  const transports = createTransports(options);
  const graphql = await createGraphqlServer({
    subgraphs: transports,
    supergraph,
    introspection: config.introspection,
    log,
  });
  const app = createHttpServer(options);
  const { isDraining, drain } = installDrain(app);
  installHealth(app, transports, isDraining);
  installGraphql(app, options, graphql.apollo);
  if (config.explorer) await installExplorer(app, options);

  let closing: Promise<void> | undefined;
  async function stop(): Promise<void> {
    await drain(config.drainTimeoutMs);
    await app.close();
    await graphql.stop();
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

function createHttpServer({ config, log, ids }: RouterOptions): FastifyInstance {
  const app = fastifyFactory({
    // Fastify would log URLs, and those of GET queries carry variables: see onResponse below.
    logger: false,
    bodyLimit: config.bodyLimitBytes,
    genReqId: () => ids.next(),
    requestIdHeader: false,
    forceCloseConnections: true,
    onConstructorPoisoning: 'ignore',
    onProtoPoisoning: 'error',
  });
  app.removeContentTypeParser('text/plain');
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id).header('x-content-type-options', 'nosniff');
  });
  app.addHook('onResponse', async (request, reply) => {
    log.info('request', {
      requestId: request.id,
      path: request.routeOptions.url ?? 'none',
      status: reply.statusCode,
      durationMs: Math.round(reply.elapsedTime),
    });
  });
  app.setErrorHandler((error, request, reply) => {
    const answer = describeThrown(error);
    if (answer.code === 'INTERNAL') log.error('request failed', { requestId: request.id, error });
    return answerError(request, reply, answer);
  });
  app.setNotFoundHandler((request, reply) => answerError(request, reply, { code: 'NOT_FOUND' }));
  return app;
}

function installGraphql(
  app: FastifyInstance,
  { verifier }: RouterOptions,
  apollo: ApolloServer<RouterContext>,
): void {
  app.route({
    method: ['GET', 'POST'],
    url: '/graphql',
    onRequest: createAuthenticationHook(verifier),
    handler: fastifyApolloHandler(apollo, {
      async context(request, reply) {
        reply.header('cache-control', 'no-store');
        const purpose = request.headers['x-purpose'];
        return {
          requestId: request.id,
          actor: actorOf(request),
          authorization: request.headers.authorization ?? '',
          purpose: typeof purpose === 'string' ? purpose : undefined,
        };
      },
    }),
  });
}

async function listen(app: FastifyInstance, { host, port }: RouterConfig): Promise<string> {
  try {
    return await app.listen({ host, port });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error;
    const message = `PORT_TAKEN: port ${port} on ${host} is in use. Stop what uses it or set PORT.`;
    throw Object.assign(new Error(message, { cause: error }), { code: 'PORT_TAKEN' });
  }
}
