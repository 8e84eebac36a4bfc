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
  readonly set: MarkedSet;
}

export interface MarkedSet {
  readonly node: SelectionSetNode;
  /** The narrowest type that an object here is known to be of. */
  readonly scope: GraphQLCompositeType;
  readonly selections: readonly (MarkedField | MarkedFragment)[];
  /** Whether something within, at any depth, is denied. */
  readonly touched: boolean;
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
    return { node, scope, selections, touched: selections.some(isTouched) };
  }

  function mark(node: SelectionNode, scope: GraphQLCompositeType): MarkedField | MarkedFragment {
    if (node.kind === Kind.FIELD) return markField(node, scope);
    if (node.kind === Kind.FRAGMENT_SPREAD) return markSpread(node, scope);
    const typeCondition = node.typeCondition?.name.value;
    const set = markSet(node.selectionSet, narrow(schema, scope, typeCondition));
    return { kind: 'fragment', node, typeCondition, set };
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

  function markSpread(node: FragmentSpreadNode, scope: GraphQLCompositeType): MarkedFragment {
    const fragment = fragments.get(node.name.value);
    if (fragment === undefined) throw new Error('A valid document spreads known fragments only.');
    const typeCondition = fragment.typeCondition.name.value;
    const inner = narrow(schema, scope, typeCondition);
    const key = `${node.name.value} ${inner.name}`;
    const set = shared.get(key) ?? markSet(fragment.selectionSet, inner);
    shared.set(key, set);
    return { kind: 'fragment', node, typeCondition, set };
  }

  return markSet;
}

function isTouched(marked: MarkedField | MarkedFragment): boolean {
  return (marked.kind === 'field' && marked.denied) || marked.set?.touched === true;
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
