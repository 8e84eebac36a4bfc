import { createLocalJWKSet } from 'jose';
import { ApolloServer, HeaderMap } from '@apollo/server';
import { ApolloServerPluginInlineTraceDisabled } from '@apollo/server/plugin/disabled';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { GraphQLError, parse } from 'graphql';
import {
  createTokenIssuer,
  createTokenVerifier,
  makeSigningKey,
  type TokenIssuer,
  type TokenVerifier,
} from '@caregraph/access';
import { createIdSource, systemClock } from '@caregraph/clock';
import { createLogger, type Logger } from '@caregraph/observability';
import { composeSupergraph } from '@caregraph/schema-registry';
import { defaultRouterConfig, type RouterConfig } from './config.ts';
import type { DocumentSource } from './documents/index.ts';
import { createRouter, type Router, type RouterOptions } from './router.ts';
import { fixedSupergraph } from './supergraph/supergraph-source.ts';
import type { InProcessSubgraph } from './subgraph/in-process-transport.ts';

/** Two small subgraphs with made-up content behind a real router with real tokens. */

const link = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.12", import: ["@key"])`;

export const patientSdl = `${link}
type Query { patient(id: ID!): Patient, patients: [Patient!], whoami: Caller, broken: String, refused: String }
type Mutation { renamePatient(id: ID!, name: String!): Patient }
type Patient @key(fields: "id") { id: ID! name: String }
type Caller { id: ID! headers: [String!]! }`;

export const clinicalSdl = `${link}
type Query { checkupCount: Int!, slow: String, strict: Strict }
type Patient @key(fields: "id") { id: ID! checkups: [Checkup!] }
type Checkup { id: ID! systolicMmHg: Int, recordedBy: String! }
type Strict { must: String! }`;

interface FixtureContext {
  readonly callerId: string;
  readonly headers: readonly string[];
}

const names = new Map([
  ['1', 'Asha'],
  ['2', 'Bina'],
]);

const patientResolvers = {
  Query: {
    patient: (_: unknown, { id }: { id: string }) => (names.has(id) ? { id } : null),
    patients: () => [...names.keys()].map((id) => ({ id })),
    whoami: (_: unknown, __: unknown, { callerId, headers }: FixtureContext) => ({
      id: callerId,
      headers,
    }),
    broken: () => {
      throw new Error('connection to postgres://root:secret@db failed');
    },
    refused: () => {
      throw new GraphQLError('Your role does not permit this.', {
        extensions: { code: 'FORBIDDEN', permission: 'patient:read' },
      });
    },
  },
  Mutation: { renamePatient: (_: unknown, { id }: { id: string }) => ({ id }) },
  Patient: {
    __resolveReference: ({ id }: { id: string }) => ({ id }),
    name: ({ id }: { id: string }) => names.get(id),
  },
};

/** A subgraph server that verifies tokens itself, as the real ones do. */
export async function fixtureSubgraph(
  sdl: string,
  resolvers: object,
  verifier: TokenVerifier,
): Promise<InProcessSubgraph & { stop(): Promise<void> }> {
  const server = new ApolloServer<FixtureContext>({
    schema: buildSubgraphSchema([{ typeDefs: parse(sdl), resolvers: resolvers as never }]),
    includeStacktraceInErrorResponses: true,
    plugins: [ApolloServerPluginInlineTraceDisabled()],
    stopOnTerminationSignals: false,
  });
  await server.start();
  return {
    kind: 'in-process',
    execute: (request) =>
      server.executeHTTPGraphQLRequest({
        httpGraphQLRequest: { ...request, headers: new HeaderMap(Object.entries(request.headers)) },
        async context() {
          const actor = await verifier.verifyRequest({
            authorization: request.headers['authorization'],
            dpop: request.headers['dpop'],
          });
          const headers = Object.entries(request.headers).map(
            ([name, value]) => `${name}: ${value}`,
          );
          return { callerId: actor.id, headers: headers.filter((h) => !h.startsWith('auth')) };
        },
      }),
    isReady: async () => true,
    stop: () => server.stop(),
  };
}

export interface Stack {
  readonly router: Router;
  readonly url: string;
  readonly token: string;
  readonly tokens: TokenIssuer;
  readonly subject: Parameters<TokenIssuer['issue']>[0];
  readonly subgraphs: { patient: InProcessSubgraph; clinical: InProcessSubgraph };
  readonly log: string[];
  /** Posts a document with the stack's token. */
  ask(
    query: string,
    extra?: AskOptions,
  ): Promise<{ status: number; headers: Headers; body: Answer }>;
  stop(): Promise<void>;
}

/** The parts of a GraphQL answer that tests look at. */
interface Answer {
  readonly data?: Record<string, unknown> | null;
  readonly errors?: {
    message: string;
    path?: (string | number)[];
    extensions: Record<string, unknown>;
  }[];
  readonly extensions?: unknown;
}

interface AskOptions {
  readonly variables?: Record<string, unknown>;
  readonly headers?: Record<string, string>;
}

export interface StackOptions {
  readonly config?: Partial<RouterConfig>;
  readonly clinical?: Partial<Record<string, unknown>>;
  /** Replaces how the clinical subgraph is reached. */
  readonly reach?: (clinical: InProcessSubgraph) => RouterOptions['subgraphs'][string];
  readonly supergraphSdl?: string;
  readonly demoTokens?: boolean;
  readonly signIn?: RouterOptions['signIn'];
  readonly redisUrl?: string;
  readonly revocationState?: RouterOptions['revocationState'];
  readonly documents?: DocumentSource;
}

export function composeFixtures(patient = patientSdl, clinical = clinicalSdl): string {
  const composition = composeSupergraph(
    Object.entries({ patient, clinical }).map(([name, text]) => ({
      name,
      url: `http://${name}/graphql`,
      typeDefs: [{ path: `${name}.graphql`, text }],
    })),
  );
  if (composition.kind === 'refused') throw new Error(JSON.stringify(composition.problems));
  return composition.supergraphSdl;
}

export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const ids = createIdSource(systemClock);
  const key = await makeSigningKey();
  const issuer = 'https://identity.test';
  const audience = 'https://caregraph.test';
  const tokens = createTokenIssuer({
    key,
    issuer,
    audience,
    clientId: 'test',
    documents: 'free',
    clock: systemClock,
    ids,
  });
  const subject = {
    id: ids.next(),
    roles: ['clinician'] as const,
    institutionId: ids.next(),
    areaRoots: [ids.next()],
    purposes: ['treatment'] as ['treatment'],
  };
  const verifier = createTokenVerifier({
    issuer,
    audience,
    keys: createLocalJWKSet({ keys: [key.publicJwk] }),
    clock: systemClock,
  });
  const patient = await fixtureSubgraph(patientSdl, patientResolvers, verifier);
  const clinical = await fixtureSubgraph(
    clinicalSdl,
    {
      Query: { checkupCount: () => 3, strict: () => ({ must: 'be' }), ...options.clinical },
      Patient: {
        checkups: ({ id }: { id: string }) => [
          { id: `c${id}`, systolicMmHg: 120, recordedBy: 'Meena' },
        ],
      },
    },
    verifier,
  );
  const lines: string[] = [];
  const log: Logger = createLogger({
    service: 'router',
    level: 'debug',
    destination: { write: (line: string) => void lines.push(line) },
  });
  const token = await tokens.issue(subject);
  const demo = async () =>
    (['health_worker', 'clinician', 'pharmacist'] as const).map((role) => ({
      label: `${role.replace('_', ' ')} of Ambapur`,
      role,
      token,
      expiresAt: new Date(Date.now() + 600_000).toISOString(),
    }));
  const router = await createRouter({
    config: { ...defaultRouterConfig, port: 0, ...options.config },
    subgraphs: { patient, clinical: options.reach?.(clinical) ?? clinical },
    routerContextKey: new Uint8Array(32).fill(3),
    supergraph: fixedSupergraph(options.supergraphSdl ?? composeFixtures()),
    verifier,
    log,
    clock: systemClock,
    ids,
    ...(options.demoTokens ? { demoTokens: demo } : {}),
    ...(options.signIn ? { signIn: options.signIn } : {}),
    redisUrl: options.redisUrl,
    ...(options.revocationState ? { revocationState: options.revocationState } : {}),
    ...(options.documents ? { documents: options.documents } : {}),
  });
  const url = await router.listen();
  return {
    router,
    url,
    token,
    tokens,
    subject,
    subgraphs: { patient, clinical },
    log: lines,
    async ask(query, { variables, headers } = {}) {
      const answer = await fetch(`${url}/graphql`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${token}`,
          'content-type': 'application/json',
          ...headers,
        },
        body: JSON.stringify({ query, variables }),
      });
      return {
        status: answer.status,
        headers: answer.headers,
        body: (await answer.json()) as Answer,
      };
    },
    async stop() {
      await router.close();
      await Promise.all([patient.stop(), clinical.stop()]);
    },
  };
}
