import type { GraphQLDataSource } from '@apollo/gateway';
import type { GraphQLFormattedError } from 'graphql';
import type { Logger } from '@caregraph/observability';
import type { RouterContext } from '../router-context.ts';
import { missingFields } from './missing-fields.ts';
import {
  SubgraphUnavailable,
  type SubgraphAnswer,
  type SubgraphRequest,
  type SubgraphTransport,
} from './subgraph-transport.ts';

type ProcessOptions = Parameters<GraphQLDataSource<RouterContext>['process']>[0];

/** Codes that only a subgraph of another version of the schema answers a planned fetch with. */
const incompatibleCodes = new Set(['GRAPHQL_PARSE_FAILED', 'GRAPHQL_VALIDATION_FAILED']);

interface SubgraphResult {
  readonly data?: Record<string, unknown> | null;
  readonly errors?: readonly GraphQLFormattedError[];
}

/**
 * Sends the fetches of query plans to one subgraph. A subgraph that cannot answer gives no data
 * and one error a missing field, so that the rest of the answer stands and nobody takes the gap
 * for an empty list.
 */
export function createSubgraphDataSource(options: {
  readonly name: string;
  readonly transport: SubgraphTransport;
  readonly log: Logger;
}): GraphQLDataSource<RouterContext> {
  const { name, transport, log } = options;
  return {
    async process(fetch) {
      try {
        return readAnswer(await transport.send(requestOf(fetch)), fetch);
      } catch (error) {
        if (!(error instanceof SubgraphUnavailable)) throw error;
        log.error('subgraph gave no usable answer', {
          subgraph: name,
          reason: error.reason,
          requestId: fetch.context['requestId'],
          ...(error.cause === undefined ? {} : { error: error.cause }),
        });
        const extensions = { code: 'SUBGRAPH_UNAVAILABLE', reason: error.reason };
        const message = `The ${name} part of the graph is not available.`;
        return { errors: locate([{ message, extensions }], fetch) };
      }
    },
  };
}

function requestOf({ request, context }: ProcessOptions): SubgraphRequest {
  if (request.query === undefined) throw new Error('The gateway sent a fetch without a query.');
  return {
    headers: contextOf(context).subgraphHeaders,
    body: {
      query: request.query,
      variables: request.variables ?? {},
      ...(request.operationName === undefined ? {} : { operationName: request.operationName }),
    },
  };
}

// The gateway's own probes, which would come without a context, are not used: see /ready.
function contextOf(context: ProcessOptions['context']): RouterContext {
  return context as RouterContext;
}

function readAnswer({ status, text }: SubgraphAnswer, fetch: ProcessOptions): SubgraphResult {
  const result = parseResult(text);
  const { data, errors } = result;
  if (data !== undefined && data !== null) return result;
  if (errors === undefined || errors.length === 0) {
    throw new SubgraphUnavailable(status === 503 ? 'DRAINING' : 'BAD_RESPONSE');
  }
  const codes = errors.map(({ extensions }) => extensions?.['code']);
  if (codes.some((code) => typeof code === 'string' && incompatibleCodes.has(code))) {
    throw new SubgraphUnavailable('INCOMPATIBLE');
  }
  if (codes.includes('DRAINING')) throw new SubgraphUnavailable('DRAINING');
  return { errors: locate(errors, fetch) };
}

function parseResult(text: string): SubgraphResult {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new SubgraphUnavailable('BAD_RESPONSE', error);
  }
  if (!isResult(value)) throw new SubgraphUnavailable('BAD_RESPONSE');
  return value;
}

// Checked by hand and not by a schema library: this runs for every fetch of every request.
function isResult(value: unknown): value is SubgraphResult {
  if (typeof value !== 'object' || value === null) return false;
  const data = 'data' in value ? value.data : null;
  const errors = 'errors' in value ? value.errors : [];
  return typeof data === 'object' && !Array.isArray(data) && Array.isArray(errors);
}

/** Errors of a whole fetch name no field; the fields that are missing for it are known here. */
function locate(
  errors: readonly GraphQLFormattedError[],
  fetch: ProcessOptions,
): GraphQLFormattedError[] {
  return errors.flatMap((error) =>
    error.path
      ? [error]
      : missingFields(fetch.request.query ?? '').map((path) => ({ ...error, path })),
  );
}
