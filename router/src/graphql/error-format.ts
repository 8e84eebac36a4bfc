import type { GraphQLFormattedError } from 'graphql';
import { faultCatalogue } from '@caregraph/fault';
import { withoutValues } from './without-values.ts';

/** Codes that libraries give to failures of ours; clients see INTERNAL and a request id. */
const internalCodes = new Set(['INTERNAL_SERVER_ERROR', 'DOWNSTREAM_SERVICE_ERROR', 'INTERNAL']);
/** Threat: these tell an attacker how the server is built. */
const hiddenExtensions = new Set(['stacktrace', 'exception', 'serviceName', 'http']);
/** How the gateway writes "each element of this list". */
const everyElement = '@';

/** Tells whether an error is a failure of ours that its reader must not see. */
export function isInternal(code: unknown): boolean {
  return typeof code !== 'string' || internalCodes.has(code);
}

/**
 * The last word on every error that leaves the router: stable code, no internals, a valid path.
 *
 * @param formatted as Apollo Server formatted it
 */
export function formatError(formatted: GraphQLFormattedError): GraphQLFormattedError {
  const error = withoutValues(formatted);
  const { extensions = {} } = error;
  const subgraph = extensions['serviceName'];
  const kept = Object.entries(extensions).filter(([name]) => !hiddenExtensions.has(name));
  const internal = isInternal(extensions['code']);
  return {
    message: messageOf(error, internal),
    ...(error.locations === undefined ? {} : { locations: error.locations }),
    ...validPath(error.path),
    extensions: {
      ...(internal ? { code: 'INTERNAL' } : Object.fromEntries(kept)),
      ...(typeof subgraph === 'string' ? { subgraph } : {}),
      ...missing(error.path),
    },
  };
}

function messageOf({ message, extensions }: GraphQLFormattedError, internal: boolean): string {
  if (internal) return faultCatalogue.INTERNAL.message;
  // A document nested beyond the parser's stack fails with the engine's words, not the parser's.
  const foreign = extensions?.['code'] === 'GRAPHQL_PARSE_FAILED' && !message.startsWith('Syntax');
  return foreign ? faultCatalogue.GRAPHQL_PARSE_FAILED.message : message;
}

/** A path ends before the first "each element", which is no path element of GraphQL. */
function validPath(path: GraphQLFormattedError['path']) {
  if (path === undefined) return {};
  const end = path.indexOf(everyElement);
  return { path: end === -1 ? path : path.slice(0, end) };
}

/** What the path could not say: the field that is missing in each element of a list. */
function missing(path: GraphQLFormattedError['path']) {
  return path?.includes(everyElement) ? { missing: path.join('.') } : {};
}
