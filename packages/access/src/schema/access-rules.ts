import { Kind, type ConstDirectiveNode, type DefinitionNode, type DocumentNode } from 'graphql';
import { readRequirement, type AccessRequirement } from '../requirement.ts';

/** What the SDL asks of an actor: of types by name, of fields by coordinate. */
export type AccessRules = ReadonlyMap<string, AccessRequirement>;

/**
 * Reads who may ask what from SDL: the only place that says it.
 *
 * @param document the SDL of a subgraph with all its extensions, or a supergraph
 * @returns only what has a directive; what may not have one is read too, so that it can be refused
 * @example accessRulesOf(parse('type Query { me: Staff @authenticated }')).get('Query.me')
 */
export function accessRulesOf(document: DocumentNode): AccessRules {
  const directives = new Map<string, readonly ConstDirectiveNode[]>();
  const add = (coordinate: string, more: readonly ConstDirectiveNode[] = []) =>
    directives.set(coordinate, [...(directives.get(coordinate) ?? []), ...more]);
  for (const definition of document.definitions) {
    if (!canCarry(definition)) continue;
    add(definition.name.value, definition.directives);
    for (const field of 'fields' in definition ? (definition.fields ?? []) : []) {
      add(`${definition.name.value}.${field.name.value}`, field.directives);
    }
  }
  const rules = new Map<string, AccessRequirement>();
  for (const [coordinate, found] of directives) {
    const requirement = readRequirement(found);
    if (requirement !== undefined) rules.set(coordinate, requirement);
  }
  return rules;
}

/** The kinds of types that the federation defines the directives for. */
function canCarry(definition: DefinitionNode) {
  return (
    definition.kind === Kind.OBJECT_TYPE_DEFINITION ||
    definition.kind === Kind.OBJECT_TYPE_EXTENSION ||
    definition.kind === Kind.INTERFACE_TYPE_DEFINITION ||
    definition.kind === Kind.INTERFACE_TYPE_EXTENSION ||
    definition.kind === Kind.SCALAR_TYPE_DEFINITION ||
    definition.kind === Kind.SCALAR_TYPE_EXTENSION ||
    definition.kind === Kind.ENUM_TYPE_DEFINITION ||
    definition.kind === Kind.ENUM_TYPE_EXTENSION
  );
}
