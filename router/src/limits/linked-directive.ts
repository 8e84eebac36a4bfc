import { Kind, type ConstDirectiveNode, type DocumentNode, type ObjectValueNode } from 'graphql';

/**
 * How a directive of a linked specification is written in a schema: `@cost` of the feature `cost`
 * is `@cost`; others are `@feature__name`, unless the link imports or renames them.
 *
 * @param document the supergraph
 * @param specification address without its version, e.g. https://specs.apollo.dev/cost
 * @param name as the specification calls it, without `@`
 * @returns undefined when the schema does not link the specification
 * @see https://specs.apollo.dev/link/v1.0
 * @example directiveName(document, 'https://specs.apollo.dev/cost', 'listSize')
 */
export function directiveName(
  document: DocumentNode,
  specification: string,
  name: string,
): string | undefined {
  for (const link of linksOf(document)) {
    const url = text(link, 'url');
    if (url?.slice(0, url.lastIndexOf('/')) !== specification) continue;
    const imported = importsOf(link).get(`@${name}`);
    if (imported !== undefined) return imported.slice(1);
    const feature = text(link, 'as') ?? specification.slice(specification.lastIndexOf('/') + 1);
    return feature === name ? name : `${feature}__${name}`;
  }
  return undefined;
}

function linksOf(document: DocumentNode): readonly ConstDirectiveNode[] {
  return document.definitions.flatMap((definition) =>
    definition.kind === Kind.SCHEMA_DEFINITION || definition.kind === Kind.SCHEMA_EXTENSION
      ? (definition.directives ?? []).filter(({ name }) => name.value === 'link')
      : [],
  );
}

function text(link: ConstDirectiveNode, argument: string): string | undefined {
  const value = link.arguments?.find(({ name }) => name.value === argument)?.value;
  return value?.kind === Kind.STRING ? value.value : undefined;
}

/** From the name in the specification to the name in this schema. */
function importsOf(link: ConstDirectiveNode): ReadonlyMap<string, string> {
  const list = link.arguments?.find(({ name }) => name.value === 'import')?.value;
  const imports = new Map<string, string>();
  for (const entry of list?.kind === Kind.LIST ? list.values : []) {
    if (entry.kind === Kind.STRING) imports.set(entry.value, entry.value);
    if (entry.kind !== Kind.OBJECT) continue;
    const name = member(entry, 'name');
    if (name !== undefined) imports.set(name, member(entry, 'as') ?? name);
  }
  return imports;
}

function member(object: ObjectValueNode, key: string): string | undefined {
  const value = object.fields.find(({ name }) => name.value === key)?.value;
  return value?.kind === Kind.STRING ? value.value : undefined;
}
