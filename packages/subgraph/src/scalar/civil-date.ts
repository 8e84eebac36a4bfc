import { GraphQLError, GraphQLScalarType, Kind } from 'graphql';

function parse(value: unknown): string {
  const shaped = typeof value === 'string' && /^(?!00)\d{4}-\d{2}-\d{2}$/.test(value);
  const instant = shaped ? new Date(`${value}T00:00:00Z`) : undefined;
  if (
    !shaped ||
    Number.isNaN(instant?.getTime()) ||
    instant?.toISOString().slice(0, 10) !== value
  ) {
    throw new GraphQLError('Date must be an existing day as YYYY-MM-DD.', {
      extensions: { code: 'BAD_USER_INPUT' },
    });
  }
  return value;
}

/** Civil dates; inside, the same ten characters. A Date object is taken at its UTC day. */
export const civilDateScalar = new GraphQLScalarType<string, string>({
  name: 'Date',
  serialize: (value) => (value instanceof Date ? value.toISOString().slice(0, 10) : parse(value)),
  parseValue: parse,
  parseLiteral: (node) => parse(node.kind === Kind.STRING ? node.value : undefined),
});
