import {
  isAbstractType,
  isObjectType,
  Kind,
  type DirectiveNode,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
} from 'graphql';
import type { MarkedField, MarkedSet } from './mark-document.ts';

/** Values of the variables of an operation, defaults included. */
export type Variables = Readonly<Record<string, unknown>>;

/** One name of the answer at objects of one type. */
export interface Entry {
  readonly name: string;
  readonly type: GraphQLOutputType;
  /** The selection that is denied; undefined when the name has its value. */
  readonly denied: MarkedField | undefined;
  /** Undefined when the value holds no gap. */
  readonly level: Level | undefined;
}

/** Selections that are merged into one object, and what they come to for each type of object. */
export interface Level {
  readonly sets: readonly MarkedSet[];
  readonly byType: Map<string, readonly Entry[]>;
}

export function levelOf(sets: readonly MarkedSet[]): Level {
  return { sets, byType: new Map() };
}

/**
 * The names that an object of this type has in the answer, in the order of the document.
 *
 * @see https://spec.graphql.org/October2021/#CollectFields()
 */
export function entriesOf(
  level: Level,
  type: GraphQLObjectType,
  schema: GraphQLSchema,
  variables: Variables,
): readonly Entry[] {
  const known = level.byType.get(type.name);
  if (known !== undefined) return known;
  const fields = new Map<string, MarkedField[]>();
  const visited = new Set<MarkedSet>();
  function collect(set: MarkedSet): void {
    if (visited.has(set)) return;
    visited.add(set);
    for (const selection of set.selections) {
      if (!isIncluded(selection.node.directives, variables)) continue;
      if (selection.kind === 'fragment') {
        if (applies(selection.typeCondition, type, schema)) collect(selection.set);
        continue;
      }
      const same = fields.get(selection.responseName);
      if (same) same.push(selection);
      else fields.set(selection.responseName, [selection]);
    }
  }
  for (const set of level.sets) collect(set);
  const entries = [...fields].map(([name, same]) => entryOf(name, same, type));
  level.byType.set(type.name, entries);
  return entries;
}

/** The variables on which it depends what is in the answer. */
export function conditionVariables(root: MarkedSet): string[] {
  const names = new Set<string>();
  const visited = new Set<MarkedSet>();
  function walk(set: MarkedSet): void {
    if (visited.has(set)) return;
    visited.add(set);
    for (const { node, set: within } of set.selections) {
      for (const { condition } of conditionsOf(node.directives)) {
        if (condition?.kind === Kind.VARIABLE) names.add(condition.name.value);
      }
      if (within !== undefined) walk(within);
    }
  }
  walk(root);
  return [...names];
}

/**
 * The same name may be denied on an interface and permitted in a fragment that narrows it. A leaf
 * then has its value. An object would lack what the denied selection asks of it, so it is denied.
 */
function entryOf(name: string, same: readonly MarkedField[], type: GraphQLObjectType): Entry {
  const denied = same.find((field) => field.denied);
  const kept = same.filter((field) => !field.denied);
  const sets = kept.flatMap(({ set }) => set ?? []);
  const field = type.getFields()[same[0]?.node.name.value ?? name];
  return {
    name,
    // Fields that are not of the type, such as __typename, always have a value.
    type: field?.type ?? type,
    denied: kept.length === 0 || sets.length > 0 ? denied : undefined,
    level: sets.some(isTouched) ? levelOf(sets) : undefined,
  };
}

function isTouched({ touched, certain }: MarkedSet): boolean {
  return touched || !certain;
}

function applies(
  typeCondition: string | undefined,
  type: GraphQLObjectType,
  schema: GraphQLSchema,
): boolean {
  if (typeCondition === undefined || typeCondition === type.name) return true;
  const condition = schema.getType(typeCondition);
  return isAbstractType(condition) && isObjectType(type) && schema.isSubType(condition, type);
}

function isIncluded(directives: readonly DirectiveNode[] | undefined, variables: Variables) {
  return conditionsOf(directives).every(({ name, condition }) => {
    const value =
      condition?.kind === Kind.VARIABLE
        ? variables[condition.name.value]
        : condition?.kind === Kind.BOOLEAN && condition.value;
    return value === (name === 'include');
  });
}

function conditionsOf(directives: readonly DirectiveNode[] | undefined) {
  return (directives ?? [])
    .filter(({ name }) => name.value === 'skip' || name.value === 'include')
    .map(({ name, arguments: given }) => ({ name: name.value, condition: given?.[0]?.value }));
}
