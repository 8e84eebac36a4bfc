import { ApolloServer } from '@apollo/server';
import { ApolloServerPluginUsageReportingDisabled } from '@apollo/server/plugin/disabled';
import type { GraphQLDataSource } from '@apollo/gateway';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { graphql, parse, type GraphQLSchema } from 'graphql';
import { actorFromClaims, type Actor, type Permission } from '@caregraph/access';
import { createLogger } from '@caregraph/observability';
import { composeSupergraph } from '@caregraph/schema-registry';
import type { RouterContext } from '../router-context.ts';
import { fixedSupergraph } from '../supergraph/supergraph-source.ts';
import type { UnauthorisedFields } from './enforcement.ts';
import { createOperationPlugin } from '../graphql/operation-plugin.ts';
import { createGuardedGateway } from './guarded-gateway.ts';
import { createIntrospectionCheck, createSuggestionPlugin } from './introspection.ts';

/** A guarded gateway over schemas in this process that tells which fetches reached them. */

export const federationLink = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.12",
  import: ["@key", "@shareable", "@authenticated", "@requiresScopes", "@policy"])`;

export interface TestSubgraph {
  readonly sdl: string;
  readonly resolvers?: object;
}

export type Fetch = { readonly subgraph: string; readonly query: string };

const silent = createLogger({ service: 'router', level: 'silent' });
const institution = '0190a000-0000-7000-8000-000000000001';

/** An actor who holds exactly these permissions (of an importer and a clinician). */
export function actorWith(scopes: readonly Permission[], over: object = {}): Actor {
  return actorFromClaims({
    sub: 'someone',
    client_id: 'test',
    jti: 'token',
    exp: 2_000_000_000,
    iat: 1_900_000_000,
    roles: ['importer', 'clinician', 'pharmacist', 'platform_admin'],
    institution,
    areas: [],
    purposes: ['treatment'],
    scope: scopes.join(' '),
    documents: 'free',
    ...over,
  });
}

export function compose(subgraphs: Readonly<Record<string, TestSubgraph>>): string {
  const composition = composeSupergraph(
    Object.entries(subgraphs).map(([name, { sdl }]) => ({
      name,
      url: `http://${name}/graphql`,
      typeDefs: [{ path: `${name}.graphql`, text: sdl }],
    })),
  );
  if (composition.kind === 'refused') throw new Error(JSON.stringify(composition.problems));
  return composition.supergraphSdl;
}

export type Gateway = Awaited<ReturnType<typeof startGateway>>;

export async function startGateway(
  subgraphs: Readonly<Record<string, TestSubgraph>>,
  options: {
    readonly unauthorisedFields?: UnauthorisedFields;
    readonly supergraphSdl?: string;
    /** Runs before a fetch is answered. */
    readonly onFetch?: (fetch: Fetch) => Promise<void>;
  } = {},
) {
  const fetches: Fetch[] = [];
  const schemas = new Map<string, GraphQLSchema>();
  for (const [name, { sdl, resolvers = {} }] of Object.entries(subgraphs)) {
    const typeDefs = parse(sdl);
    schemas.set(name, buildSubgraphSchema([{ typeDefs, resolvers: resolvers as never }]));
  }
  const subgraph = (name: string): GraphQLDataSource<RouterContext> => ({
    async process({ request }) {
      const schema = schemas.get(name);
      if (schema === undefined) throw new Error(`unknown subgraph ${name}`);
      const fetch = { subgraph: name, query: request.query ?? '' };
      fetches.push(fetch);
      await options.onFetch?.(fetch);
      const { query: source, variables: variableValues } = fetch && request;
      const answer = await graphql({ schema, source: source ?? '', variableValues });
      return JSON.parse(JSON.stringify(answer));
    },
  });
  const gateway = createGuardedGateway({
    supergraph: fixedSupergraph(options.supergraphSdl ?? compose(subgraphs)),
    subgraph,
    unauthorisedFields: options.unauthorisedFields ?? 'null',
    log: silent,
    logger: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
  });
  const apollo = new ApolloServer<RouterContext>({
    gateway,
    stopOnTerminationSignals: false,
    introspection: true,
    plugins: [
      createSuggestionPlugin(),
      createOperationPlugin([createIntrospectionCheck()]),
      ApolloServerPluginUsageReportingDisabled(),
    ],
  });
  await apollo.start();
  return {
    fetches,
    gateway,
    update: gateway.update,
    async ask(query: string, actor: Actor, variables: Record<string, unknown> = {}) {
      const contextValue = { actor } as RouterContext;
      const { body, http } = await apollo.executeOperation({ query, variables }, { contextValue });
      if (body.kind !== 'single') throw new Error('one answer was expected');
      return { status: http.status ?? 200, ...body.singleResult };
    },
    stop: () => apollo.stop(),
  };
}
