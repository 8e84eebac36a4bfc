import {
  isInputObjectType,
  isListType,
  isNonNullType,
  getNamedType,
  Kind,
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLInputType,
  type FieldNode,
  type ValueNode,
} from 'graphql';
import type { CostModel } from './cost-model.ts';
import { unknownValue, type Variables } from './document-values.ts';

/**
 * What the arguments of a field cost: an input object weighs one and what its members weigh, a
 * list what its elements weigh, anything else nothing, unless @cost says otherwise.
 *
 * Threat: one mutation with ten thousand entries is not one write.
 */
export function argumentCost(
  model: CostModel,
  field: GraphQLField<unknown, unknown>,
  node: FieldNode,
  variables: Variables,
): number {
  let cost = 0;
  for (const { name, value } of node.arguments ?? []) {
    const argument = field.args.find((known) => known.name === name.value);
    if (argument) cost += inputCost(model, argument, argument.type, plain(value, variables));
  }
  return cost;
}

/** Variables may stand anywhere inside a literal, so they are put in on the way. */
function plain(node: ValueNode, variables: Variables): unknown {
  if (node.kind === Kind.VARIABLE) return variables[node.name.value];
  if (node.kind === Kind.LIST) return node.values.map((value) => plain(value, variables));
  if (node.kind !== Kind.OBJECT) return node.kind === Kind.NULL ? null : node.kind;
  return Object.fromEntries(
    node.fields.map(({ name, value }) => [name.value, plain(value, variables)]),
  );
}

function inputCost(
  model: CostModel,
  input: GraphQLArgument | GraphQLInputField,
  declared: GraphQLInputType,
  value: unknown,
): number {
  if (value === null || value === undefined) return 0;
  const weight = model.weightOfInput(input);
  const type = isNonNullType(declared) ? declared.ofType : declared;
  if (isListType(type) && Array.isArray(value)) {
    return value.reduce<number>(
      (sum, element) => sum + inputCost(model, input, type.ofType, element),
      0,
    );
  }
  const named = getNamedType(type);
  if (!isInputObjectType(named)) return weight ?? model.weightOfType(named);
  let cost = weight ?? 1;
  if (value === unknownValue || typeof value !== 'object') return cost;
  const members = named.getFields();
  for (const [name, member] of Object.entries(value)) {
    const known = members[name];
    if (known) cost += inputCost(model, known, known.type, member);
  }
  return cost;
}
