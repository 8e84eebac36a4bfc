import { unwrapResolverError } from '@apollo/server/errors';
import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { isTransientDatabaseFault } from '@caregraph/database';
import {
  faultCatalogue,
  inputPlace,
  isFault,
  withoutLiterals,
  type FaultCode,
} from '@caregraph/fault';
import type { Logger } from '@caregraph/observability';
import { sealFault } from './seal-fault.ts';

/**
 * Threat: messages of databases, validators and parsers quote values, which may be a patient's.
 * Defence: what leaves is a code, the catalogue's message and the place; never the value.
 *
 * @param log where unexpected faults are written, without their message
 * @param onUnreadable counts stored values that do not open
 */
export function createErrorFormatter(log: Logger, onUnreadable: (code: string) => void) {
  return (formatted: GraphQLFormattedError, error: unknown): GraphQLFormattedError => {
    const cause = causeOf(error);
    if (isFault(cause)) return withCode(formatted, cause.code, cause.details);
    if (isTransientDatabaseFault(cause)) {
      log.warn('the database did not answer', { code: 'STORE_UNAVAILABLE', error: cause });
      return withCode(formatted, 'STORE_UNAVAILABLE');
    }
    const sealed = sealFault(cause, log, onUnreadable);
    if (sealed !== undefined) return withCode(formatted, sealed.code, sealed.details);
    const code = formatted.extensions?.['code'];
    if (code === 'GRAPHQL_VALIDATION_FAILED') {
      // The document fits the schema: it is the value that is wrong, as it would be in a variable.
      if (isRefusedLiteral(error)) return withCode(formatted, 'BAD_USER_INPUT');
      const message = withoutLiterals(formatted.message).replace(/ Did you mean .*$/s, '');
      return { ...withCode(formatted, code), message };
    }
    if (code === 'BAD_USER_INPUT') return withCode(formatted, code, inputPlace(formatted.message));
    if (isKnown(code)) return withCode(formatted, code);
    if (code === 'OPERATION_RESOLUTION_FAILURE') {
      return withCode(formatted, 'BAD_REQUEST', { reason: 'OPERATION_NOT_FOUND' });
    }
    log.error('an unexpected fault', { code: 'INTERNAL', error: cause });
    return withCode(formatted, 'INTERNAL');
  };
}

/** A fault met before any resolver, such as a token that is refused, is wrapped once more. */
function causeOf(error: unknown): unknown {
  const cause = unwrapResolverError(error);
  return cause instanceof GraphQLError && isFault(cause.originalError)
    ? cause.originalError
    : cause;
}

/** What a scalar of ours throws carries its own code; the server puts that of validation over it. */
function isRefusedLiteral(error: unknown): boolean {
  const cause = error instanceof GraphQLError ? error.originalError : undefined;
  return cause instanceof GraphQLError && cause.extensions['code'] === 'BAD_USER_INPUT';
}

function isKnown(code: unknown): code is FaultCode {
  return typeof code === 'string' && code !== 'INTERNAL' && Object.hasOwn(faultCatalogue, code);
}

function withCode(
  formatted: GraphQLFormattedError,
  code: FaultCode,
  details: Readonly<Record<string, string | number | boolean>> = {},
): GraphQLFormattedError {
  return {
    message: faultCatalogue[code].message,
    ...(formatted.locations === undefined ? {} : { locations: formatted.locations }),
    ...(formatted.path === undefined ? {} : { path: formatted.path }),
    extensions: { ...details, code },
  };
}
