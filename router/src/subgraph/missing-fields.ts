import { Kind, parse, type SelectionSetNode } from 'graphql';

/**
 * The fields that stay empty when a fetch fails: its root fields, or those of its entities.
 *
 * @param query the document of the fetch
 * @returns paths that start at the root of the answer or, for entities, at each entity
 * @example missingFields('query { patients { id } }') // [['patients']]
 */
export function missingFields(query: string): string[][] {
  const [operation] = parse(query, { noLocation: true }).definitions;
  if (operation?.kind !== Kind.OPERATION_DEFINITION) return [];
  const names = responseNames(operation.selectionSet, '_entities');
  return [...new Set(names)].map((name) => [name]);
}

function responseNames({ selections }: SelectionSetNode, unwrapped?: string): string[] {
  return selections.flatMap((selection) => {
    if (selection.kind === Kind.FRAGMENT_SPREAD) return [];
    if (selection.kind === Kind.INLINE_FRAGMENT) return responseNames(selection.selectionSet);
    if (selection.name.value === unwrapped && selection.selectionSet) {
      return responseNames(selection.selectionSet);
    }
    const name = selection.alias?.value ?? selection.name.value;
    return name === '__typename' ? [] : [name];
  });
}
