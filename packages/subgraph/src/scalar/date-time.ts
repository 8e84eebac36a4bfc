import { GraphQLError, GraphQLScalarType, Kind } from 'graphql';

/** PostgreSQL has no year 0, and nobody's record is older than the first century of this era. */
const pattern =
  /^(?!00)\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/;

function parse(value: unknown): string {
  if (typeof value !== 'string' || !pattern.test(value)) throw refusal();
  const instant = new Date(value);
  if (Number.isNaN(instant.getTime()) || !dayExists(value)) throw refusal();
  return instant.toISOString();
}

/** Date rolls 31 February over to March instead of refusing it. */
function dayExists(value: string): boolean {
  const day = new Date(`${value.slice(0, 10)}T00:00:00Z`);
  return day.toISOString().slice(0, 10) === value.slice(0, 10);
}

function refusal(): GraphQLError {
  // The value is not quoted: it may be a patient's.
  return new GraphQLError('DateTime must be an RFC 3339 instant.', {
    extensions: { code: 'BAD_USER_INPUT' },
  });
}

/** RFC 3339 instants; inside, ISO text in UTC with milliseconds. */
export const dateTimeScalar = new GraphQLScalarType<string, string>({
  name: 'DateTime',
  serialize: (value) => (value instanceof Date ? value.toISOString() : parse(value)),
  parseValue: parse,
  parseLiteral: (node) => parse(node.kind === Kind.STRING ? node.value : undefined),
});
