import type { HTTPGraphQLResponse } from '@apollo/server';
import { SubgraphUnavailable, type SubgraphTransport } from './subgraph-transport.ts';

/** What crosses to a subgraph in this process; `packages/subgraph` answers the same shape. */
export interface InProcessRequest {
  readonly method: 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly search: string;
  readonly body: unknown;
}

/** A subgraph in this process. It sees what it would see over HTTP and verifies the token itself. */
export interface InProcessSubgraph {
  readonly kind: 'in-process';
  /** Runs one request, as `ApolloServer.executeHTTPGraphQLRequest` does with its own context. */
  readonly execute: (request: InProcessRequest) => Promise<HTTPGraphQLResponse>;
  /** Whether its database answers. */
  readonly isReady: () => Promise<boolean>;
}

/**
 * The way to a subgraph in the same process: no socket, no HTTP parsing, and yet only headers and
 * a GraphQL body cross, so that no subgraph can come to trust the router's objects.
 *
 * @param subgraph how to run a request in it
 * @param timeoutMs how long it may take
 */
export function createInProcessTransport(
  subgraph: InProcessSubgraph,
  timeoutMs: number,
): SubgraphTransport {
  return {
    async send({ headers, body }) {
      const answer = await withDeadline(
        subgraph.execute({
          method: 'POST',
          headers: { ...headers, 'content-type': 'application/json' },
          search: '',
          body,
        }),
        timeoutMs,
      );
      if (answer.body.kind !== 'complete') throw new SubgraphUnavailable('BAD_RESPONSE');
      return { status: answer.status ?? 200, text: answer.body.string };
    },
    isReady: () => subgraph.isReady().catch(() => false),
    close: async () => {},
  };
}

function withDeadline<Value>(work: Promise<Value>, timeoutMs: number): Promise<Value> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new SubgraphUnavailable('TIMEOUT')), timeoutMs);
    work
      .then(resolve, (error: unknown) => reject(new SubgraphUnavailable('UNREACHABLE', error)))
      .finally(() => clearTimeout(timer));
  });
}
