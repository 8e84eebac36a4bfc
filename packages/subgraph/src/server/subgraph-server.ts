import { ApolloServer, HeaderMap } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled';
import { buildSubgraphSchema, type GraphQLResolverMap } from '@apollo/subgraph';
import { GraphQLError, type DocumentNode, type GraphQLSchema } from 'graphql';
import type { AccessRules } from '@caregraph/access';
import { faultCatalogue, isFault, type Fault } from '@caregraph/fault';
import type { Logger } from '@caregraph/observability';
import type { AccessCommitter } from '../audit/access-committer.ts';
import { accessAuditPlugin } from '../audit/access-audit-plugin.ts';
import type { ResolverMap } from '../concept.ts';
import type { RequestContext } from '../context.ts';
import { civilDateScalar } from '../scalar/civil-date.ts';
import { dateTimeScalar } from '../scalar/date-time.ts';
import { uuidScalar } from '../scalar/uuid.ts';
import type { Gates } from '../schema/access-gate.ts';
import { createErrorFormatter } from '../schema/error-boundary.ts';
import { guardSchema } from '../schema/policy-guard.ts';

/** Headers that reach a subgraph, by lower-case name. */
export type RequestHeaders = Readonly<Record<string, string | undefined>>;

export interface SubgraphServerOptions<TContext extends RequestContext> {
  /** The SDL of the contract and of every concept. */
  readonly typeDefs: DocumentNode;
  readonly rules: AccessRules;
  readonly gates: Gates;
  readonly resolvers: readonly ResolverMap[];
  /** Verifies the caller and builds the context. Every request passes here. */
  readonly createContext: (headers: RequestHeaders) => Promise<TContext>;
  readonly accessCommitter: AccessCommitter | undefined;
  readonly log: Logger;
  /** Counts stored values that do not open, by their code. */
  readonly onUnreadable: (code: string) => void;
}

/** Builds the executable schema of a subgraph, guarded by what its SDL says about access. */
export function buildSchema(
  options: Pick<
    SubgraphServerOptions<RequestContext>,
    'typeDefs' | 'rules' | 'gates' | 'resolvers'
  >,
): GraphQLSchema {
  const { typeDefs, rules, gates } = options;
  const resolvers = mergeResolvers([
    { DateTime: dateTimeScalar, Date: civilDateScalar, UUID: uuidScalar },
    ...options.resolvers,
  ]);
  const schema = buildSubgraphSchema([{ typeDefs, resolvers }]);
  guardSchema(schema, rules, gates);
  return schema;
}

/** Two concepts may add fields to one type; a scalar belongs to one place. */
function mergeResolvers(maps: readonly ResolverMap[]): GraphQLResolverMap {
  const merged: Record<string, unknown> = {};
  for (const [typeName, resolvers] of maps.flatMap((map) => Object.entries(map))) {
    const earlier = merged[typeName];
    merged[typeName] = earlier ? { ...earlier, ...(resolvers as object) } : resolvers;
  }
  // Each map was checked against its generated type where it was declared.
  return merged as GraphQLResolverMap;
}

/** Creates the Apollo Server of a subgraph, in process or behind HTTP. */
export function createSubgraphServer<TContext extends RequestContext>(
  options: SubgraphServerOptions<TContext>,
) {
  const server = new ApolloServer<TContext>({
    schema: buildSchema(options),
    introspection: false,
    includeStacktraceInErrorResponses: false,
    stringifyResult: (result) => JSON.stringify(result),
    stopOnTerminationSignals: false,
    hideSchemaDetailsFromClientErrors: true,
    csrfPrevention: true,
    allowBatchedHttpRequests: false,
    // Only the router asks, and it sends whole documents.
    persistedQueries: false,
    formatError: createErrorFormatter(options.log, options.onUnreadable),
    plugins: [
      ApolloServerPluginUsageReportingDisabled(),
      ApolloServerPluginInlineTraceDisabled(),
      ApolloServerPluginCacheControlDisabled(),
      accessAuditPlugin<TContext>(options.accessCommitter, options.log),
    ],
  });
  return { server, createContext: asGraphQLContext(options.createContext) };
}

/** A context that cannot be built fails the request with the fault's own status. */
function asGraphQLContext<TContext>(create: (headers: RequestHeaders) => Promise<TContext>) {
  return async (headers: RequestHeaders): Promise<TContext> => {
    try {
      return await create(headers);
    } catch (error) {
      if (!isFault(error)) throw error;
      throw faultAsGraphQLError(error);
    }
  };
}

function faultAsGraphQLError(fault: Fault): GraphQLError {
  const { status, message } = faultCatalogue[fault.code];
  const headers = new HeaderMap();
  if (status === 401) headers.set('www-authenticate', 'Bearer error="invalid_token"');
  return new GraphQLError(message, {
    originalError: fault,
    extensions: { code: fault.code, http: { status, headers } },
  });
}
