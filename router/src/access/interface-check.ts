import { Kind, type DocumentNode, type InterfaceTypeDefinitionNode } from 'graphql';
import type { AccessRules } from './access-rules.ts';

/**
 * Composition repeats on an interface what the types behind it require, and a fragment that narrows
 * to one type is asked for that type's requirement alone.
 *
 * Threat: a requirement that stands on an interface only would be left behind by narrowing.
 * Defence: a supergraph with such a one does not load.
 *
 * @throws Error naming the coordinate
 */
export function checkInterfaces(document: DocumentNode, rules: AccessRules): void {
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.INTERFACE_TYPE_DEFINITION) continue;
    const types = typesBehind(document, definition);
    const { value } = definition.name;
    check(
      value,
      rules.types.get(value),
      types.map((type) => rules.types.get(type)),
      rules,
    );
    for (const { name } of definition.fields ?? []) {
      const behind = types.map((type) => rules.fields.get(`${type}.${name.value}`));
      const coordinate = `${value}.${name.value}`;
      check(coordinate, rules.fields.get(coordinate), behind, rules);
    }
  }
}

function typesBehind(document: DocumentNode, { name }: InterfaceTypeDefinitionNode): string[] {
  return document.definitions.flatMap((definition) =>
    definition.kind === Kind.OBJECT_TYPE_DEFINITION &&
    definition.interfaces?.some((one) => one.name.value === name.value)
      ? [definition.name.value]
      : [],
  );
}

function check(
  coordinate: string,
  own: number | undefined,
  behind: readonly (number | undefined)[],
  rules: AccessRules,
): void {
  if (own === undefined) return;
  const asked = behind.filter((index) => index !== undefined);
  const known = new Set(asked.flatMap((index) => namesOf(rules, index)));
  const isRepeated = namesOf(rules, own).every((name) => known.has(name));
  if (asked.length > 0 && isRepeated) return;
  throw new Error(`${coordinate} asks on an interface what no type behind it asks.`);
}

function namesOf({ requirements }: AccessRules, index: number): string[] {
  const { scopes = [], policies = [] } = requirements[index] ?? {};
  return [...scopes.flat(), ...policies.flat()];
}
