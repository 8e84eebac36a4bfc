import {
  getNamedType,
  isListType,
  isNonNullType,
  isObjectType,
  type FieldNode,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
} from 'graphql';
import {
  conditionVariables,
  entriesOf,
  levelOf,
  type Entry,
  type Level,
  type Variables,
} from './answer-shape.ts';
import type { MarkedField, MarkedSet } from './mark-document.ts';

type Path = readonly (string | number)[];
type Answered = Readonly<Record<string, unknown>>;

/** A field of the answer that the actor may not have. */
export interface Gap {
  readonly coordinate: string;
  readonly path: Path;
  readonly node: FieldNode;
}

export interface RestoredAnswer {
  readonly data: Record<string, unknown> | null;
  /** In the order of the answer, as many as asked for. */
  readonly gaps: readonly Gap[];
  /** All that there are. */
  readonly gapCount: number;
}

/** Fills answers to one filtered document. */
export type Restore = (data: Answered, variables: Variables) => RestoredAnswer;

interface RestoreOptions {
  readonly schema: GraphQLSchema;
  /** Marks of the operation. */
  readonly root: MarkedSet;
  /** Where the answer holds the type of objects. */
  readonly typeAlias: string;
  /** How many gaps are listed; the rest is counted. */
  readonly maxGaps: number;
}

/** The null of a field that must have a value, on its way to the parent. */
const bubble = Symbol('null of a non-null type');

/**
 * Puts denied fields back into the answer to a filtered document: null, in the order of the
 * original document, a null of a non-null type at the nearest nullable parent.
 *
 * @see https://spec.graphql.org/October2021/#sec-Handling-Field-Errors
 */
export function createRestore(options: RestoreOptions): Restore {
  const { root } = options;
  const { scope } = root;
  if (!isObjectType(scope)) throw new Error('The root of an operation is an object.');
  const conditional = conditionVariables(root);
  let shape = { key: '', level: levelOf([root]) };
  return (data, variables) => {
    const key = conditional.map((name) => String(variables[name])).join();
    if (key !== shape.key) shape = { key, level: levelOf([root]) };
    const filler = createFiller(options, variables);
    const filled = filler.fillObject(data, scope, shape.level, []);
    return { data: filled === bubble ? null : filled, ...filler.found() };
  };
}

function createFiller({ schema, typeAlias, maxGaps }: RestoreOptions, variables: Variables) {
  const gaps: Gap[] = [];
  let gapCount = 0;

  function fillObject(value: Answered, type: GraphQLObjectType, level: Level, path: Path) {
    const filled: Record<string, unknown> = {};
    let lost = false;
    for (const entry of entriesOf(level, type, schema, variables)) {
      const at = [...path, entry.name];
      const found = entry.denied ? leaveGap(entry.denied, at) : fill(value[entry.name], entry, at);
      if (found === bubble || (found === null && isNonNullType(entry.type))) lost = true;
      else if (found !== undefined) filled[entry.name] = found;
    }
    return lost ? bubble : filled;
  }

  function leaveGap({ coordinate, node }: MarkedField, path: Path): null {
    gapCount += 1;
    if (gaps.length < maxGaps) gaps.push({ coordinate, path, node });
    return null;
  }

  function fill(value: unknown, { type, level }: Entry, path: Path): unknown {
    return level === undefined ? value : fillValue(value, type, level, path);
  }

  function fillValue(value: unknown, type: GraphQLOutputType, level: Level, path: Path): unknown {
    if (isNonNullType(type)) return fillValue(value, type.ofType, level, path) ?? bubble;
    if (value === null || value === undefined) return value;
    if (isListType(type)) return fillList(value, type.ofType, level, path);
    const object = objectOf(value);
    const found = fillObject(object, typeOf(object, type), level, path);
    return found === bubble ? null : found;
  }

  function fillList(value: unknown, type: GraphQLOutputType, level: Level, path: Path) {
    if (!Array.isArray(value)) throw new Error('The answer has no list where the schema has one.');
    const items = value.map((item, index) => fillValue(item, type, level, [...path, index]));
    return items.includes(bubble) ? null : items;
  }

  function typeOf(object: Answered, declared: GraphQLOutputType): GraphQLObjectType {
    const named = getNamedType(declared);
    const type = isObjectType(named) ? named : schema.getType(String(object[typeAlias]));
    if (!isObjectType(type)) throw new Error('The answer does not say what type an object is of.');
    return type;
  }

  return { fillObject, found: () => ({ gaps, gapCount }) };
}

function objectOf(value: unknown): Answered {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Error('The answer has no object where the schema has one.');
  }
  // Checked above; the answer was read from JSON.
  return value as Answered;
}
