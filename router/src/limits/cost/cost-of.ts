import {
  getNamedType,
  isCompositeType,
  isInterfaceType,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
  OperationTypeNode,
  type DocumentNode,
  type FieldNode,
  type GraphQLField,
  type GraphQLNamedType,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import { fragmentsOf } from '../../graphql/fragments-of.ts';
import { defaultLimits } from '../limits-config.ts';
import { argumentCost } from './argument-cost.ts';
import type { CostModel } from './cost-model.ts';
import { isLeftOut, variablesOf, type Variables } from './document-values.ts';
import { createListSizes, type Sized } from './list-size.ts';

export interface CostOptions {
  readonly operationName?: string | undefined;
  /** Elements assumed in a list whose field says nothing of its size. */
  readonly defaultListSize?: number;
  /** Elements assumed where a variable without a value decides: the worst case of a document. */
  readonly worstListSize?: number;
}

export type Costed =
  | { readonly kind: 'costed'; readonly cost: number }
  /** The document has no such operation, or several and no name was given. */
  | { readonly kind: 'operation-not-found' }
  /** The field must be given exactly one of its slicing arguments. */
  | { readonly kind: 'slicing-argument-missing'; readonly coordinate: string };

/** Each root field of a mutation is a transaction, an outbox row and an audit row. */
const mutationWeight = 10;

/**
 * What an operation costs before it runs: the sum over its fields of
 * `arguments + size × (weight + children)`. An object weighs 1, a scalar 0, a root field of a
 * mutation 10 more; @cost says otherwise, @listSize gives the size.
 *
 * Threat: a short document asks for pages of pages of pages. What a field of a type asks through
 * several fragments is added up, so the cost is an upper bound, and each fragment is counted once
 * for each size it is spread under, so that counting stays as short as the text.
 *
 * @param model of the supergraph
 * @param document valid against it and without circles of fragments
 * @param variables raw values; with `worstListSize`, what is left out counts as its worst
 * @returns the cost, never more than Number.MAX_SAFE_INTEGER
 * @see https://ibm.github.io/graphql-specs/cost-spec.html
 * @example costOf(readCostModel(sdl), parse('{ patients(first: 5) { edges { cursor } } }'), {})
 */
export function costOf(
  model: CostModel,
  document: DocumentNode,
  variables: Variables,
  options: CostOptions = {},
): Costed {
  const operation = findOperation(document, options.operationName);
  const root = operation && model.schema.getRootType(operation.operation);
  if (!root) return { kind: 'operation-not-found' };
  const values = variablesOf(operation, variables, options.worstListSize === undefined);
  const counter = createCounter(model, document, values, options);
  const mutation = operation.operation === OperationTypeNode.MUTATION;
  const cost = counter.selections(operation.selectionSet, root, {
    fields: [],
    size: 0,
    extra: mutation ? mutationWeight : 0,
  });
  const coordinate = counter.unsized();
  if (coordinate !== undefined) return { kind: 'slicing-argument-missing', coordinate };
  return { kind: 'costed', cost: Math.min(cost, Number.MAX_SAFE_INTEGER) };
}

/** What a selection hears from the field around it. */
interface Around extends Sized {
  /** Added to every field here. */
  readonly extra: number;
}

function createCounter(
  model: CostModel,
  document: DocumentNode,
  variables: Variables,
  options: CostOptions,
) {
  const fragments = fragmentsOf(document);
  const sizes = createListSizes(model, variables, {
    assumed: options.defaultListSize ?? defaultLimits.defaultListSize,
    worst: options.worstListSize,
  });
  const known = new Map<string, number>();
  let unsized: string | undefined;

  function ofSelections(set: SelectionSetNode, type: GraphQLNamedType, around: Around): number {
    return set.selections.reduce((sum, node) => sum + ofSelection(node, type, around), 0);
  }

  function ofSelection(node: SelectionNode, type: GraphQLNamedType, around: Around): number {
    if (isLeftOut(node.directives, variables)) return 0;
    if (node.kind === Kind.FIELD) return ofField(node, type, around);
    if (node.kind === Kind.FRAGMENT_SPREAD) return ofFragment(node.name.value, around);
    const narrowed = node.typeCondition && model.schema.getType(node.typeCondition.name.value);
    return ofSelections(node.selectionSet, narrowed ?? type, around);
  }

  function ofFragment(name: string, around: Around): number {
    const definition = fragments.get(name);
    const type = definition && model.schema.getType(definition.typeCondition.name.value);
    if (!type) return 0;
    const key = `${name} ${around.size} ${around.extra} ${around.fields.join()}`;
    const before = known.get(key);
    if (before !== undefined) return before;
    const cost = ofSelections(definition.selectionSet, type, around);
    known.set(key, cost);
    return cost;
  }

  function ofField(node: FieldNode, type: GraphQLNamedType, around: Around): number {
    // Introspection is answered from memory and bounded by the limits of the document.
    const field = fieldOf(type, node.name.value);
    if (!field) return 0;
    const stated = sizes.of(field, node);
    if (stated === 'slicing-argument-missing') {
      unsized ??= `${type.name}.${field.name}`;
      return 0;
    }
    const inherited = around.fields.includes(field.name) ? around.size : undefined;
    const size = isList(field) ? (inherited ?? stated.own) : 1;
    const result = getNamedType(field.type);
    const children =
      node.selectionSet && isCompositeType(result)
        ? ofSelections(node.selectionSet, result, { ...stated.below, extra: 0 })
        : 0;
    const once = argumentCost(model, field, node, variables) + around.extra;
    return once + size * (model.weightOfField(field) + children);
  }

  return { selections: ofSelections, unsized: () => unsized };
}

function fieldOf(type: GraphQLNamedType, name: string): GraphQLField<unknown, unknown> | undefined {
  return isObjectType(type) || isInterfaceType(type) ? type.getFields()[name] : undefined;
}

function isList({ type }: GraphQLField<unknown, unknown>): boolean {
  return isListType(isNonNullType(type) ? type.ofType : type);
}

function findOperation(
  document: DocumentNode,
  name: string | undefined,
): OperationDefinitionNode | undefined {
  const operations = document.definitions.filter(
    (definition) => definition.kind === Kind.OPERATION_DEFINITION,
  );
  if (name === undefined) return operations.length === 1 ? operations[0] : undefined;
  return operations.find((operation) => operation.name?.value === name);
}
