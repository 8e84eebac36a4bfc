import {
  Kind,
  type DocumentNode,
  type FragmentDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import { fragmentsOf } from '../../graphql/fragments-of.ts';

/** What the limits ask of an operation, with its fragments written out. */
export interface Shape {
  readonly depth: number;
  readonly fields: number;
  readonly aliases: number;
  readonly directives: number;
  /** The most directives in one place. */
  readonly directivesInOnePlace: number;
  /** Fields at the top, not below other fields. */
  readonly topFields: number;
}

export type Measured =
  { readonly kind: 'measured'; readonly shape: Shape } | { readonly kind: 'fragment-cycle' };

const nothing: Shape = {
  depth: 0,
  fields: 0,
  aliases: 0,
  directives: 0,
  directivesInOnePlace: 0,
  topFields: 0,
};

class FragmentCycle extends Error {}

/**
 * Measures the largest operation of a document in one pass over its nodes.
 *
 * Threat: ten fragments that each spread the next twice stand for a thousand fields, and forty for
 * more than a machine can visit. So each fragment is measured once and its numbers are added where
 * it is spread: the time is that of the text, whatever the text stands for.
 *
 * @param document parsed, not yet validated: fragments may be missing, unused, or in a circle
 */
export function measureDocument(document: DocumentNode): Measured {
  const fragments = fragmentsOf(document);
  const operations = document.definitions.filter(
    (definition) => definition.kind === Kind.OPERATION_DEFINITION,
  );
  const measure = createMeasure(fragments);
  try {
    // Fragments that nothing uses are measured too: validation would visit them.
    for (const fragment of fragments.values()) measure.fragment(fragment);
    const shapes = operations.map((operation) => {
      const variables = operation.variableDefinitions?.map((node) => node.directives) ?? [];
      const marked = [operation.directives, ...variables].reduce(addDirectives, nothing);
      return beside(marked, measure.selections(operation.selectionSet));
    });
    return { kind: 'measured', shape: shapes.reduce(largest, nothing) };
  } catch (error) {
    if (error instanceof FragmentCycle) return { kind: 'fragment-cycle' };
    throw error;
  }
}

function createMeasure(fragments: ReadonlyMap<string, FragmentDefinitionNode>) {
  const known = new Map<string, Shape>();
  const open = new Set<string>();

  function ofFragment(definition: FragmentDefinitionNode): Shape {
    const name = definition.name.value;
    const before = known.get(name);
    if (before) return before;
    if (open.has(name)) throw new FragmentCycle();
    open.add(name);
    const own = addDirectives(nothing, definition.directives);
    const shape = beside(own, ofSelections(definition.selectionSet));
    open.delete(name);
    known.set(name, shape);
    return shape;
  }

  function ofSelections({ selections }: SelectionSetNode): Shape {
    return selections.reduce((sum, selection) => beside(sum, ofSelection(selection)), nothing);
  }

  function ofSelection(node: SelectionNode): Shape {
    const own = addDirectives(nothing, node.directives);
    if (node.kind === Kind.FIELD) {
      return under(own, node.alias ? 1 : 0, node.selectionSet && ofSelections(node.selectionSet));
    }
    if (node.kind === Kind.INLINE_FRAGMENT) return beside(own, ofSelections(node.selectionSet));
    const definition = fragments.get(node.name.value);
    return definition ? beside(own, ofFragment(definition)) : own;
  }

  return { fragment: ofFragment, selections: ofSelections };
}

/** A field: what it holds, one level down. */
function under(own: Shape, aliases: number, children: Shape = nothing): Shape {
  return {
    ...beside(own, children),
    depth: children.depth + 1,
    fields: children.fields + 1,
    aliases: children.aliases + aliases,
    topFields: 1,
  };
}

function beside(one: Shape, other: Shape): Shape {
  return {
    depth: Math.max(one.depth, other.depth),
    fields: one.fields + other.fields,
    aliases: one.aliases + other.aliases,
    directives: one.directives + other.directives,
    directivesInOnePlace: Math.max(one.directivesInOnePlace, other.directivesInOnePlace),
    topFields: one.topFields + other.topFields,
  };
}

function largest(one: Shape, other: Shape): Shape {
  return {
    depth: Math.max(one.depth, other.depth),
    fields: Math.max(one.fields, other.fields),
    aliases: Math.max(one.aliases, other.aliases),
    directives: Math.max(one.directives, other.directives),
    directivesInOnePlace: Math.max(one.directivesInOnePlace, other.directivesInOnePlace),
    topFields: Math.max(one.topFields, other.topFields),
  };
}

function addDirectives(shape: Shape, directives: readonly unknown[] = []): Shape {
  const count = directives.length;
  return {
    ...shape,
    directives: shape.directives + count,
    directivesInOnePlace: Math.max(shape.directivesInOnePlace, count),
  };
}
