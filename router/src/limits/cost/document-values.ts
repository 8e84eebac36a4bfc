import {
  Kind,
  valueFromASTUntyped,
  type DirectiveNode,
  type OperationDefinitionNode,
  type ValueNode,
} from 'graphql';

/** Values of variables by name, raw as the client sent them. */
export type Variables = Readonly<Record<string, unknown>>;

/** Marks a variable whose value nobody knows: its request has not been made yet. */
export const unknownValue = Symbol('unknown value');

/**
 * The variables of an operation with its defaults, raw: a value of the wrong form is refused when
 * the gateway coerces it, before it plans.
 *
 * @param whole false when there is no request yet: what is not given is then unknown
 */
export function variablesOf(
  operation: OperationDefinitionNode,
  given: Variables,
  whole: boolean,
): Variables {
  const values: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const { variable, defaultValue } of operation.variableDefinitions ?? []) {
    const name = variable.name.value;
    if (Object.hasOwn(given, name)) values[name] = given[name];
    else if (!whole) values[name] = unknownValue;
    else if (defaultValue) values[name] = valueFromASTUntyped(defaultValue);
  }
  return values;
}

/** The value of an argument, or undefined where a variable has none. */
export function valueOf(node: ValueNode, variables: Variables): unknown {
  return node.kind === Kind.VARIABLE ? variables[node.name.value] : valueFromASTUntyped(node);
}

/** Whether @skip or @include takes a selection out. What is not known stays in. */
export function isLeftOut(
  directives: readonly DirectiveNode[] | undefined,
  variables: Variables,
): boolean {
  return (directives ?? []).some(({ name, arguments: given }) => {
    if (name.value !== 'skip' && name.value !== 'include') return false;
    const condition = given?.find((argument) => argument.name.value === 'if');
    return condition && valueOf(condition.value, variables) === (name.value === 'skip');
  });
}
