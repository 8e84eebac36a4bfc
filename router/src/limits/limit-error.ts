import { HeaderMap } from '@apollo/server';
import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { faultCatalogue, type FaultCode } from '@caregraph/fault';

/** Which limit a document broke; stable, because clients and dashboards tell them apart by it. */
export type DocumentLimit =
  'tokens' | 'depth' | 'aliases' | 'directives' | 'root-fields' | 'fields' | 'fragment-cycle';

/** What a document broke and by how much. `found` may be a lower bound. */
export interface LimitBreach {
  readonly limit: DocumentLimit;
  readonly max: number;
  readonly found?: number;
}

/** An error that refuses the whole request with the status of its code. */
export function refusal(
  code: FaultCode,
  details: Readonly<Record<string, unknown>>,
  headers: readonly (readonly [string, string])[] = [],
): GraphQLError {
  const { status, message } = faultCatalogue[code];
  const http = { status, headers: new HeaderMap(headers.map(([name, value]) => [name, value])) };
  return new GraphQLError(message, { extensions: { ...details, code, http } });
}

/** How graphql-js begins when the parser has met more tokens than it may. */
const tokenFlood = 'Syntax Error: Document contains more that';

/**
 * Apollo Server gives every error of parsing and of validation its own code. This gives errors of
 * limits theirs back.
 *
 * @param error as formatted so far
 * @param maxTokens what the parser was told
 */
export function formatLimitError(
  error: GraphQLFormattedError,
  maxTokens: number,
): GraphQLFormattedError {
  const code = error.extensions?.['code'];
  if (code === 'GRAPHQL_PARSE_FAILED' && error.message.startsWith(tokenFlood)) {
    return limitError({ limit: 'tokens', max: maxTokens });
  }
  const limit = error.extensions?.['documentLimit'];
  if (code !== 'GRAPHQL_VALIDATION_FAILED' || !isBreach(limit)) return error;
  return limitError(limit);
}

function limitError(breach: LimitBreach): GraphQLFormattedError {
  const { message } = faultCatalogue.DOCUMENT_LIMIT_EXCEEDED;
  return { message, extensions: { ...breach, code: 'DOCUMENT_LIMIT_EXCEEDED' } };
}

function isBreach(value: unknown): value is LimitBreach {
  return typeof value === 'object' && value !== null && 'limit' in value && 'max' in value;
}
