import { ApolloServer } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginSchemaReportingDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled';
import type { Logger } from '@caregraph/observability';
import {
  createGuardedGateway,
  createIntrospectionCheck,
  createSuggestionPlugin,
  type SupergraphUpdate,
  type UnauthorisedFields,
} from '../access/index.ts';
import type { Limits } from '../limits/index.ts';
import type { RouterContext } from '../router-context.ts';
import { createSubgraphDataSource } from '../subgraph/subgraph-data-source.ts';
import type { SubgraphTransport } from '../subgraph/subgraph-transport.ts';
import type { SupergraphSource } from '../supergraph/supergraph-source.ts';
import { createErrorPlugin } from './error-plugin.ts';
import { formatError } from './error-format.ts';
import { createOperationPlugin } from './operation-plugin.ts';

export interface GraphqlServer {
  readonly apollo: ApolloServer<RouterContext>;
  /** Serves another supergraph from the next request on; a bad one changes nothing. */
  update(supergraphSdl: string): Promise<SupergraphUpdate>;
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
  readonly unauthorisedFields: UnauthorisedFields;
  readonly limits: Limits;
  readonly log: Logger;
}): Promise<GraphqlServer> {
  const { subgraphs, supergraph, log } = options;
  const gateway = createGuardedGateway({
    supergraph,
    subgraph(name) {
      const transport = subgraphs.get(name);
      if (!transport) throw new Error(`The supergraph names an unknown subgraph: ${name}`);
      return createSubgraphDataSource({ name, transport, log });
    },
    unauthorisedFields: options.unauthorisedFields,
    log,
    logger: apolloLogger(log),
  });

  const apollo = createApollo(gateway, options);
  await apollo.start();
  const stopWatching = supergraph.watch?.((sdl) => void gateway.update(sdl));
  return {
    apollo,
    update: gateway.update,
    async stop() {
      stopWatching?.();
      await apollo.stop();
    },
  };
}

function createApollo(
  gateway: ReturnType<typeof createGuardedGateway>,
  {
    log,
    introspection,
    limits,
  }: { readonly log: Logger; readonly introspection: boolean; readonly limits: Limits },
): ApolloServer<RouterContext> {
  return new ApolloServer<RouterContext>({
    gateway,
    logger: apolloLogger(log),
    formatError: (error) => formatError(limits.formatError(error)),
    introspection,
    hideSchemaDetailsFromClientErrors: !introspection,
    csrfPrevention: true,
    allowBatchedHttpRequests: false,
    includeStacktraceInErrorResponses: false,
    persistedQueries: false,
    parseOptions: limits.parseOptions,
    validationRules: limits.validationRules,
    stopOnTerminationSignals: false,
    stringifyResult: (result) => JSON.stringify(result),
    plugins: [
      createErrorPlugin(log),
      limits.plugin,
      createSuggestionPlugin(),
      createOperationPlugin([createIntrospectionCheck(), limits.checkCost, limits.checkRate]),
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginInlineTraceDisabled(),
      ApolloServerPluginLandingPageDisabled(),
      ApolloServerPluginSchemaReportingDisabled(),
      ApolloServerPluginUsageReportingDisabled(),
    ],
  });
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
