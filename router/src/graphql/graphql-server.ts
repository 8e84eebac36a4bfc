import { ApolloServer } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginSchemaReportingDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled';
import { ApolloGateway } from '@apollo/gateway';
import type { Logger } from '@caregraph/observability';
import { disableVendorTelemetry } from '../config.ts';
import type { RouterContext } from '../router-context.ts';
import { createSubgraphDataSource } from '../subgraph/subgraph-data-source.ts';
import type { SubgraphTransport } from '../subgraph/subgraph-transport.ts';
import type { SupergraphSource } from '../supergraph/supergraph-source.ts';
import { createErrorPlugin } from './error-plugin.ts';
import { formatError } from './error-format.ts';
import { createOperationPlugin } from './operation-plugin.ts';

/** What became of a new supergraph. */
export type SupergraphUpdate =
  { readonly kind: 'loaded' } | { readonly kind: 'refused'; readonly reason: string };

export interface GraphqlServer {
  readonly apollo: ApolloServer<RouterContext>;
  /** Serves another supergraph from the next request on; a bad one changes nothing. */
  update(supergraphSdl: string): SupergraphUpdate;
  stop(): Promise<void>;
}

/**
 * Plans and runs federated documents over the given subgraphs.
 *
 * @throws when the first supergraph does not load, or names a subgraph that is not configured
 */
export async function createGraphqlServer(options: {
  readonly subgraphs: ReadonlyMap<string, SubgraphTransport>;
  readonly supergraph: SupergraphSource;
  readonly introspection: boolean;
  readonly log: Logger;
}): Promise<GraphqlServer> {
  const { subgraphs, supergraph, log } = options;
  let update = (_supergraphSdl: string): SupergraphUpdate => refused(log, new Error('not loaded'));

  disableVendorTelemetry();
  const gateway = new ApolloGateway({
    async supergraphSdl(hook) {
      update = (sdl) => {
        try {
          hook.update(sdl);
          log.info('supergraph loaded');
          return { kind: 'loaded' };
        } catch (error) {
          return refused(log, error);
        }
      };
      return { supergraphSdl: await supergraph.load() };
    },
    buildService({ name }) {
      const transport = subgraphs.get(name);
      if (!transport) throw new Error(`The supergraph names an unknown subgraph: ${name}`);
      return createSubgraphDataSource({ name, transport, log });
    },
    logger: apolloLogger(log),
    __exposeQueryPlanExperimental: false,
    validateSupergraph: true,
  });

  const apollo = createApollo(gateway, options);
  await apollo.start();
  const stopWatching = supergraph.watch?.((sdl) => update(sdl));
  return {
    apollo,
    update: (sdl) => update(sdl),
    async stop() {
      stopWatching?.();
      await apollo.stop();
    },
  };
}

function createApollo(
  gateway: ApolloGateway,
  { log, introspection }: { readonly log: Logger; readonly introspection: boolean },
): ApolloServer<RouterContext> {
  return new ApolloServer<RouterContext>({
    gateway,
    logger: apolloLogger(log),
    formatError,
    introspection,
    hideSchemaDetailsFromClientErrors: !introspection,
    csrfPrevention: true,
    allowBatchedHttpRequests: false,
    includeStacktraceInErrorResponses: false,
    persistedQueries: false,
    stopOnTerminationSignals: false,
    stringifyResult: (result) => JSON.stringify(result),
    plugins: [
      createErrorPlugin(log),
      createOperationPlugin(),
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginInlineTraceDisabled(),
      ApolloServerPluginLandingPageDisabled(),
      ApolloServerPluginSchemaReportingDisabled(),
      ApolloServerPluginUsageReportingDisabled(),
    ],
  });
}

function refused(log: Logger, error: unknown): SupergraphUpdate {
  const reason = error instanceof Error ? error.message : 'unknown';
  log.error('supergraph refused; the one before stays', { reason, error });
  return { kind: 'refused', reason };
}

/** Apollo's own lines are about schemas, not about requests; `info` of theirs is detail here. */
function apolloLogger(log: Logger) {
  const text = (message: unknown) => (typeof message === 'string' ? message : 'apollo');
  return {
    debug: () => {},
    info: (message?: unknown) => log.debug(text(message)),
    warn: (message?: unknown) => log.warn(text(message)),
    error: (message?: unknown) =>
      message instanceof Error ? log.error('apollo', { error: message }) : log.error(text(message)),
  };
}
