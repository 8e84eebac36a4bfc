import {
  getNamedType,
  isAbstractType,
  isCompositeType,
  isObjectType,
  Kind,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type FragmentSpreadNode,
  type GraphQLCompositeType,
  type GraphQLSchema,
  type InlineFragmentNode,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import type { NeedsOf } from './field-needs.ts';

/** A field of the document, with what became of it for some actor. */
export interface MarkedField {
  readonly kind: 'field';
  readonly node: FieldNode;
  readonly responseName: string;
  readonly coordinate: string;
  readonly denied: boolean;
  /** Its selections; undefined for leaves, and below what is denied. */
  readonly set: MarkedSet | undefined;
}

export interface MarkedFragment {
  readonly kind: 'fragment';
  readonly node: InlineFragmentNode | FragmentSpreadNode;
  /** Undefined for an inline fragment without one. */
  readonly typeCondition: string | undefined;
  readonly fit: Fit;
  readonly set: MarkedSet;
}

/**
 * What the condition of a fragment is worth where it stands: an object may be of another type
 * (`open`), is of a narrower one anyway (`wide`), or can never be of that type (`never`), as in
 * `open { ... on Node { ... on Medicine { … } } }`.
 */
export type Fit = 'open' | 'wide' | 'never';

export interface MarkedSet {
  readonly node: SelectionSetNode;
  /** The narrowest type that an object here is known to be of. */
  readonly scope: GraphQLCompositeType;
  readonly selections: readonly (MarkedField | MarkedFragment)[];
  /** Whether something permitted is asked of every object here, whatever the variables say. */
  readonly certain: boolean;
  /** Whether answers must be put right within: something at any depth is denied or not certain. */
  readonly touched: boolean;
  /** Whether something within is touched, or a fragment on a wider type than is known. */
  readonly changed: boolean;
}

export interface MarkOptions {
  readonly schema: GraphQLSchema;
  readonly needsOf: NeedsOf;
  /** Whether the actor meets the requirement of this index. */
  readonly isMet: (requirement: number) => boolean;
}

/**
 * Marks each field of an operation as permitted or denied, whatever `@skip` and `@include` say.
 *
 * Threat: fragments that spread fragments unfold to a tree of exponential size. Defence: a fragment
 * is marked once for each object type that it is spread in, and its marks are shared.
 *
 * @param document valid for the schema
 */
export function markOperation(
  document: DocumentNode,
  operation: OperationDefinitionNode,
  options: MarkOptions,
): MarkedSet {
  const root = options.schema.getRootType(operation.operation);
  if (!root) throw new Error(`The schema has no ${operation.operation} type.`);
  return createMarker(document, options)(operation.selectionSet, root);
}

function createMarker(document: DocumentNode, { schema, needsOf, isMet }: MarkOptions) {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) {
      fragments.set(definition.name.value, definition);
    }
  }
  const shared = new Map<string, MarkedSet>();

  function markSet(node: SelectionSetNode, scope: GraphQLCompositeType): MarkedSet {
    const selections = node.selections.map((selection) => mark(selection, scope));
    const certain = selections.some(isCertain);
    const touched = selections.some(isTouched);
    const changed = touched || selections.some(isChanged);
    return { node, scope, selections, certain, touched, changed };
  }

  function mark(node: SelectionNode, scope: GraphQLCompositeType): MarkedField | MarkedFragment {
    if (node.kind === Kind.FIELD) return markField(node, scope);
    const fragment = node.kind === Kind.FRAGMENT_SPREAD ? fragments.get(node.name.value) : node;
    if (fragment === undefined) throw new Error('A valid document spreads known fragments only.');
    const typeCondition = fragment.typeCondition?.name.value;
    const inner = narrow(schema, scope, typeCondition);
    const fit = fitOf(scope, inner, typeCondition);
    const set = fit === 'never' ? nothing(fragment, inner) : markFragment(fragment, inner);
    return { kind: 'fragment', node, typeCondition, fit, set };
  }

  function markField(node: FieldNode, scope: GraphQLCompositeType): MarkedField {
    const name = node.name.value;
    const responseName = node.alias?.value ?? name;
    const coordinate = `${scope.name}.${name}`;
    const permitted = { kind: 'field', node, responseName, coordinate, denied: false } as const;
    // The type of an object is not of its data; what the schema says is another rule's matter.
    if (name.startsWith('__')) return { ...permitted, set: undefined };
    const { all, someOf } = needsOf(scope, name);
    // Not only until the first is unmet: which requirements a document needs is learned here.
    const met = all.map(isMet);
    const led = someOf.map((alternatives) => alternatives.map(isMet));
    if (met.includes(false) || led.some((alternatives) => !alternatives.includes(true))) {
      return { ...permitted, denied: true, set: undefined };
    }
    const { selectionSet } = node;
    return { ...permitted, set: selectionSet && markSet(selectionSet, returnedBy(scope, name)) };
  }

  function markFragment(
    fragment: InlineFragmentNode | FragmentDefinitionNode,
    inner: GraphQLCompositeType,
  ): MarkedSet {
    if (fragment.kind === Kind.INLINE_FRAGMENT) return markSet(fragment.selectionSet, inner);
    const key = `${fragment.name.value} ${inner.name}`;
    const set = shared.get(key) ?? markSet(fragment.selectionSet, inner);
    shared.set(key, set);
    return set;
  }

  return markSet;
}

function isTouched(marked: MarkedField | MarkedFragment): boolean {
  if (marked.kind === 'fragment') return marked.set.touched;
  return marked.denied || marked.set?.touched === true || marked.set?.certain === false;
}

function isCertain(marked: MarkedField | MarkedFragment): boolean {
  if ((marked.node.directives ?? []).length > 0) return false;
  return marked.kind === 'field' ? !marked.denied : marked.set.certain;
}

function isChanged(marked: MarkedField | MarkedFragment): boolean {
  return marked.set?.changed === true || (marked.kind === 'fragment' && marked.fit === 'wide');
}

function fitOf(
  scope: GraphQLCompositeType,
  inner: GraphQLCompositeType,
  typeCondition: string | undefined,
): Fit {
  if (isObjectType(scope) && inner !== scope) return 'never';
  return typeCondition === undefined || inner.name === typeCondition ? 'open' : 'wide';
}

/** Marks without selections, so that nothing of such a fragment is left. */
function nothing(
  { selectionSet: node }: InlineFragmentNode | FragmentDefinitionNode,
  scope: GraphQLCompositeType,
): MarkedSet {
  return { node, scope, selections: [], certain: false, touched: false, changed: true };
}

/** An object type stays what it is; otherwise the innermost condition counts. */
function narrow(
  schema: GraphQLSchema,
  scope: GraphQLCompositeType,
  typeCondition: string | undefined,
): GraphQLCompositeType {
  if (typeCondition === undefined) return scope;
  const type = schema.getType(typeCondition);
  if (!isCompositeType(type)) throw new Error('A valid fragment is on a composite type.');
  const stays = isObjectType(scope) && isAbstractType(type) && schema.isSubType(type, scope);
  return stays ? scope : type;
}

function returnedBy(scope: GraphQLCompositeType, fieldName: string): GraphQLCompositeType {
  const field = 'getFields' in scope ? scope.getFields()[fieldName] : undefined;
  const type = field && getNamedType(field.type);
  if (!isCompositeType(type)) throw new Error('A valid document selects within objects only.');
  return type;
}
