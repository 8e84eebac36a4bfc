import {
  isAbstractType,
  Kind,
  visit,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type FragmentSpreadNode,
  type NamedTypeNode,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import { fragmentsOf } from '../graphql/fragments-of.ts';
import type { MarkedField, MarkedFragment, MarkedSet } from './mark-document.ts';

/** What is left of a document for some actor. */
export interface FilteredDocument {
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  /** Answers hold under this name the type of objects whose gaps are to be filled. */
  readonly typeAlias: string;
}

/**
 * Takes the denied fields out of an operation. Selections that are or may become empty ask
 * `__typename`, so that it is known whether there is an object: the gateway (2.14) answers null for
 * one of which it was asked nothing, and where null may not be, for all around it. Selections on
 * interfaces and unions ask it too, because the object's type decides which fields it lacks.
 * Fragments that nobody spreads any more are left out.
 *
 * A fragment on an interface or union, where the object's type is known, is put on that type. The
 * gateway would forget the type on the way in, and leave out without an error what a fragment
 * within asks of it (`open { ... on Node { ... on Open { label } } }`, @apollo/gateway 2.14). What
 * can then never apply is left out, because a document that says so is not valid.
 */
export function filterDocument(
  document: DocumentNode,
  operation: OperationDefinitionNode,
  root: MarkedSet,
): FilteredDocument {
  const taken = takenNames(document);
  const typeAlias = freeName('caregraphType', taken);
  const filter = createFilter(document, taken, typeAlias);
  const filtered = { ...operation, selectionSet: filter.set(root) };
  return {
    document: { kind: Kind.DOCUMENT, definitions: [filtered, ...filter.fragments(filtered)] },
    operation: filtered,
    typeAlias,
  };
}

function createFilter(document: DocumentNode, taken: Set<string>, typeAlias: string) {
  const definitions = new Map(fragmentsOf(document));
  /** Names of fragments that were changed, by their marks; undefined when nothing is left. */
  const renamed = new Map<MarkedSet, string | undefined>();
  const typeField = typeFieldAs(typeAlias);

  function objectSet(set: MarkedSet): SelectionSetNode {
    if (!set.changed && set.certain) return set.node;
    const typed = !set.certain || (set.touched && isAbstractType(set.scope));
    return setOf(typed ? [typeField, ...permitted(set)] : permitted(set));
  }

  function permitted({ selections }: MarkedSet): SelectionNode[] {
    return selections.flatMap((selection) => {
      const kept = selection.kind === 'field' ? keepField(selection) : keepFragment(selection);
      return kept ?? [];
    });
  }

  function keepField({ node, denied, set }: MarkedField): FieldNode | undefined {
    if (denied) return undefined;
    return set === undefined ? node : { ...node, selectionSet: objectSet(set) };
  }

  function keepFragment(fragment: MarkedFragment): SelectionNode | undefined {
    const { node, set, typeCondition, fit } = fragment;
    if (!set.changed && fit === 'open') return node;
    if (node.kind === Kind.FRAGMENT_SPREAD) return keepSpread(node, set);
    const selections = permitted(set);
    if (selections.length === 0) return undefined;
    const on = typeCondition === undefined ? {} : { typeCondition: typeNamed(set.scope.name) };
    return { ...node, ...on, selectionSet: setOf(selections) };
  }

  function keepSpread(node: FragmentSpreadNode, set: MarkedSet): FragmentSpreadNode | undefined {
    if (!renamed.has(set)) renamed.set(set, defineWithout(node.name.value, set));
    const value = renamed.get(set);
    return value === undefined ? undefined : { ...node, name: { kind: Kind.NAME, value } };
  }

  function defineWithout(name: string, set: MarkedSet): string | undefined {
    const original = definitions.get(name);
    const selections = permitted(set);
    if (original === undefined || selections.length === 0) return undefined;
    const value = freeName(name, taken);
    definitions.set(value, {
      ...original,
      name: { kind: Kind.NAME, value },
      typeCondition: typeNamed(set.scope.name),
      selectionSet: setOf(selections),
    });
    return value;
  }

  return {
    set: objectSet,
    fragments: (operation: OperationDefinitionNode) => reachable(operation, definitions),
  };
}

function setOf(selections: readonly SelectionNode[]): SelectionSetNode {
  return { kind: Kind.SELECTION_SET, selections };
}

function typeNamed(value: string): NamedTypeNode {
  return { kind: Kind.NAMED_TYPE, name: { kind: Kind.NAME, value } };
}

function typeFieldAs(alias: string): FieldNode {
  return {
    kind: Kind.FIELD,
    alias: { kind: Kind.NAME, value: alias },
    name: { kind: Kind.NAME, value: '__typename' },
  };
}

function reachable(
  operation: OperationDefinitionNode,
  definitions: ReadonlyMap<string, FragmentDefinitionNode>,
): FragmentDefinitionNode[] {
  const found = new Map<string, FragmentDefinitionNode>();
  const open: (OperationDefinitionNode | FragmentDefinitionNode)[] = [operation];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    visit(next, {
      FragmentSpread({ name: { value } }) {
        const definition = definitions.get(value);
        if (definition === undefined || found.has(value)) return;
        found.set(value, definition);
        open.push(definition);
      },
    });
  }
  return [...found.values()];
}

/** Response names and names of fragments: a name made here must be neither. */
function takenNames(document: DocumentNode): Set<string> {
  const taken = new Set<string>();
  visit(document, {
    Field: ({ alias, name }) => void taken.add((alias ?? name).value),
    FragmentDefinition: ({ name }) => void taken.add(name.value),
  });
  return taken;
}

function freeName(wish: string, taken: Set<string>): string {
  let name = wish;
  for (let count = 1; taken.has(name); count += 1) name = `${wish}_${count}`;
  taken.add(name);
  return name;
}
