import type { GraphQLFormattedError } from 'graphql';
import { faultCatalogue, inputPlace, withoutLiterals } from '@caregraph/fault';

/**
 * Threat: what the server says of a wrong value quotes it, and with it all that was sent beside it.
 * A phone that forgets one member of a registration would write the patient's name into its error
 * log, and everything between reads it too. Defence: the place leaves, and names of the schema; the
 * values do not.
 *
 * @param error of parsing, of validation or of coercing variables; others come back as they are
 */
export function withoutValues(error: GraphQLFormattedError): GraphQLFormattedError {
  const { message, extensions = {} } = error;
  switch (extensions['code']) {
    case 'BAD_USER_INPUT':
      return {
        ...error,
        message: faultCatalogue.BAD_USER_INPUT.message,
        extensions: { ...inputPlace(message), ...extensions },
      };
    case 'GRAPHQL_VALIDATION_FAILED':
      return { ...error, message: withoutLiterals(message) };
    case 'GRAPHQL_PARSE_FAILED':
      return { ...error, message: message.replace(/(String|Int|Float) ".*"/s, '$1') };
    default:
      return error;
  }
}
