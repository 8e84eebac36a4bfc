import { Pool, errors } from 'undici';
import { SubgraphUnavailable, type SubgraphTransport } from './subgraph-transport.ts';

export interface HttpSubgraph {
  readonly kind: 'http';
  /** Address of the subgraph's GraphQL endpoint. */
  readonly url: string;
}

/** Enough for the concurrent fetches of one router process; more would only queue in the store. */
const connectionsPerSubgraph = 32;
/** Threat: an answer that never ends would fill the router's memory. */
const maxAnswerBytes = 64 * 1_048_576;
const readyTimeoutMs = 2_000;

/**
 * The way to a subgraph over HTTP: a pool of kept-alive connections with a deadline on each step.
 *
 * @param subgraph its address; readiness is asked at `/ready` of the same origin
 * @param timeoutMs how long connecting, the headers and each pause in the body may take
 */
export function createHttpTransport(subgraph: HttpSubgraph, timeoutMs: number): SubgraphTransport {
  const { origin, pathname } = new URL(subgraph.url);
  const pool = new Pool(origin, {
    connections: connectionsPerSubgraph,
    connect: { timeout: Math.min(timeoutMs, 2_000) },
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    keepAliveTimeout: 30_000,
    maxResponseSize: maxAnswerBytes,
  });
  return {
    async send({ headers, body }) {
      try {
        const answer = await pool.request({
          method: 'POST',
          path: pathname,
          headers: { ...headers, 'content-type': 'application/json', accept: 'application/json' },
          body: JSON.stringify(body),
        });
        return { status: answer.statusCode, text: await answer.body.text() };
      } catch (error) {
        throw new SubgraphUnavailable(reasonOf(error), error);
      }
    },
    async isReady() {
      try {
        const answer = await pool.request({
          method: 'GET',
          path: '/ready',
          headersTimeout: readyTimeoutMs,
          bodyTimeout: readyTimeoutMs,
        });
        await answer.body.dump();
        return answer.statusCode === 200;
      } catch {
        // Readiness is the answer here: a subgraph that cannot be asked is not ready.
        return false;
      }
    },
    close: () => pool.destroy(),
  };
}

function reasonOf(error: unknown) {
  const late =
    error instanceof errors.HeadersTimeoutError ||
    error instanceof errors.BodyTimeoutError ||
    error instanceof errors.ConnectTimeoutError;
  if (late) return 'TIMEOUT';
  return error instanceof errors.ResponseExceededMaxSizeError ? 'BAD_RESPONSE' : 'UNREACHABLE';
}
