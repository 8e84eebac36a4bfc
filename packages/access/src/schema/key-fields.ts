import {
  getNamedType,
  isObjectType,
  Kind,
  parse,
  type ConstDirectiveNode,
  type GraphQLObjectType,
  type GraphQLSchema,
  type SelectionSetNode,
} from 'graphql';
import type { AccessRules } from './access-rules.ts';

/**
 * Lists the fields of keys that ask for something themselves.
 *
 * Threat: a key is what subgraphs find an entity by. The router asks for it on its own account, for
 * whoever asks any field of another subgraph, so a requirement on it would be asked of nobody there
 * and would keep everybody else from the whole entity. Defence: what an entity asks stands on its
 * type, and on the fields that are no key.
 *
 * @param schema of a subgraph (`@key`), or a supergraph (`@join__type`)
 * @returns coordinates, each once
 */
export function protectedKeyFields(schema: GraphQLSchema, rules: AccessRules): string[] {
  const found = new Set<string>();
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type)) continue;
    for (const key of keysOf(type)) {
      for (const coordinate of within(schema, type, key)) {
        if (rules.has(coordinate)) found.add(coordinate);
      }
    }
  }
  return [...found];
}

function keysOf(type: GraphQLObjectType): SelectionSetNode[] {
  const written = [type.astNode, ...type.extensionASTNodes].flatMap((node) => [
    ...(node?.directives ?? []),
  ]);
  return written.flatMap((directive) => {
    const name = { key: 'fields', join__type: 'key' }[directive.name.value];
    const fields = name === undefined ? undefined : textOf(directive, name);
    return fields === undefined ? [] : selectionOf(fields);
  });
}

function textOf(directive: ConstDirectiveNode, argument: string): string | undefined {
  const value = directive.arguments?.find(({ name }) => name.value === argument)?.value;
  return value?.kind === Kind.STRING ? value.value : undefined;
}

function selectionOf(fields: string): SelectionSetNode[] {
  return parse(`{ ${fields} }`, { noLocation: true }).definitions.flatMap((definition) =>
    definition.kind === Kind.OPERATION_DEFINITION ? [definition.selectionSet] : [],
  );
}

/** The fields of a key, and those of objects within it. */
function within(
  schema: GraphQLSchema,
  type: GraphQLObjectType,
  { selections }: SelectionSetNode,
): string[] {
  return selections.flatMap((selection) => {
    if (selection.kind !== Kind.FIELD) return [];
    const { name, selectionSet } = selection;
    const field = type.getFields()[name.value];
    const next = field && getNamedType(field.type);
    const own = `${type.name}.${name.value}`;
    return selectionSet && isObjectType(next)
      ? [own, ...within(schema, next, selectionSet)]
      : [own];
  });
}
