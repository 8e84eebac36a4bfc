import { GraphQLError, GraphQLScalarType, Kind } from 'graphql';
import { isUuidV7 } from '@caregraph/clock';

function parse(value: unknown): string {
  if (typeof value !== 'string' || !isUuidV7(value)) {
    throw new GraphQLError('UUID must be a UUIDv7 in lower case.', {
      extensions: { code: 'BAD_USER_INPUT' },
    });
  }
  return value;
}

/** UUIDv7 ids, RFC 9562 §5.7, in lower case so that one id has one spelling. */
export const uuidScalar = new GraphQLScalarType<string, string>({
  name: 'UUID',
  serialize: parse,
  parseValue: parse,
  parseLiteral: (node) => parse(node.kind === Kind.STRING ? node.value : undefined),
});
