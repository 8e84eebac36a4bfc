import fc from 'fast-check';
import { Kind, parse, type SelectionSetNode } from 'graphql';
import type { Permission } from '@caregraph/access';
import { federationLink, type TestSubgraph } from './test-gateway.ts';

/** Made-up graphs and documents, each value of which says what field it is of. */

export const scopes = ['patient:read', 'stock:read', 'device:read', 'staff:read'] as const;

interface RandomField {
  readonly name: string;
  /** As in SDL. */
  readonly type: string;
  /** The type it leads to; undefined for a leaf. */
  readonly leads: string | undefined;
  readonly needs: Permission | undefined;
  readonly inSubgraph: 'a' | 'b';
}

interface RandomType {
  readonly name: string;
  readonly needs: Permission | undefined;
  readonly fields: readonly RandomField[];
  readonly isNode: boolean;
}

export interface RandomGraph {
  readonly types: ReadonlyMap<string, RandomType>;
  /** Names of the object types behind each abstract one, and of each object type itself. */
  readonly possible: ReadonlyMap<string, readonly string[]>;
  readonly subgraphs: Readonly<Record<'a' | 'b', TestSubgraph>>;
  /** The whole without its rules, for a server that is not federated. */
  readonly sdl: string;
}

export type Draw = fc.GeneratorValue;

const chance = (draw: Draw, percent: number) => draw(fc.integer, { min: 0, max: 99 }) < percent;
const pick = <TItem>(draw: Draw, items: readonly TItem[]): TItem =>
  draw(() => fc.constantFrom(...items));
const maybeNeeds = (draw: Draw, percent: number) =>
  chance(draw, percent) ? pick(draw, scopes) : undefined;

export function randomGraph(draw: Draw): RandomGraph {
  const names = ['T0', 'T1', 'T2', 'T3'];
  const targets = [...names, ...names, 'Node', 'Item'];
  const drawField = (name: string, root = false): RandomField => {
    const leads = root || chance(draw, 45) ? pick(draw, targets) : undefined;
    const base = leads ?? 'String';
    const wrapped = pick(draw, [base, base, `${base}!`, `[${base}]`, `[${base}!]`, `[${base}!]!`]);
    const type = leads === undefined ? base + (chance(draw, 20) ? '!' : '') : wrapped;
    return {
      name,
      type,
      leads,
      needs: maybeNeeds(draw, 30),
      inSubgraph: chance(draw, 30) ? 'b' : 'a',
    };
  };
  const objects = names.map((name, index): RandomType => {
    const isNode = index < 3;
    const own = ['x', 'y', 'z', 'w'].map((letter) => drawField(`${letter}${index}`));
    const label: RandomField = {
      name: 'label',
      type: 'String',
      leads: undefined,
      needs: maybeNeeds(draw, 30),
      inSubgraph: 'a',
    };
    const id: RandomField = { ...label, name: 'id', type: 'ID!', needs: undefined };
    return {
      name,
      isNode,
      needs: maybeNeeds(draw, 25),
      fields: isNode ? [id, label, ...own] : [id, ...own],
    };
  });
  const query: RandomType = {
    name: 'Query',
    isNode: false,
    needs: undefined,
    fields: ['q0', 'q1', 'q2', 'q3'].map((name) => ({ ...drawField(name, true), inSubgraph: 'a' })),
  };
  const types = new Map([query, ...objects].map((type) => [type.name, type]));
  const possible = new Map<string, readonly string[]>(
    [...types.keys()].map((name) => [name, [name]] as const),
  );
  possible.set('Node', ['T0', 'T1', 'T2']);
  possible.set('Item', ['T1', 'T2', 'T3']);
  return {
    types,
    possible,
    subgraphs: { a: subgraph('a', types, possible), b: subgraph('b', types, possible) },
    sdl: wholeSdl(types),
  };
}

function wholeSdl(types: ReadonlyMap<string, RandomType>): string {
  const objects = [...types.values()].map(({ name, isNode, fields }) => {
    const lines = fields.map((field) => `${field.name}: ${field.type}`);
    return `type ${name} ${isNode ? 'implements Node' : ''} { ${lines.join(' ')} }`;
  });
  return ['interface Node { id: ID! label: String } union Item = T1 | T2 | T3', ...objects].join(
    '\n',
  );
}

function subgraph(
  at: 'a' | 'b',
  types: ReadonlyMap<string, RandomType>,
  possible: ReadonlyMap<string, readonly string[]>,
): TestSubgraph {
  const needs = (scope: Permission | undefined) =>
    scope === undefined ? '' : `@requiresScopes(scopes: [["${scope}"]])`;
  const sdl = [...types.values()].map((type) => {
    const fields = type.fields.filter((field) => field.inSubgraph === at || field.name === 'id');
    const lines = fields.map(
      (field) =>
        `${field.name}: ${field.type} ${needs(field.needs)}${
          field.name === 'id' ? '@shareable' : ''
        }`,
    );
    if (type.name === 'Query') return at === 'a' ? `type Query { ${lines.join(' ')} }` : '';
    const node = type.isNode && at === 'a' ? 'implements Node' : '';
    return `type ${type.name} ${node} @key(fields: "id") ${needs(type.needs)} { ${lines.join('\n')} }`;
  });
  const abstract = `${at === 'a' ? 'interface Node { id: ID! label: String }' : 'interface Node { id: ID! }'}
    union Item = T1 | T2 | T3`;
  const resolvers: Record<string, Record<string, unknown>> = {
    Node: { __resolveType: ({ t }: { t: string }) => t },
    Item: { __resolveType: ({ t }: { t: string }) => t },
  };
  for (const type of types.values()) {
    const own = type.fields.filter((field) => field.inSubgraph === at || field.name === 'id');
    if (type.name === 'Query' && at === 'b') continue;
    resolvers[type.name] = Object.fromEntries(
      own.map((field) => [field.name, () => valueOf(type, field, possible)]),
    );
    if (type.name !== 'Query') {
      Object.assign(resolvers[type.name] ?? {}, { __resolveReference: () => ({ t: type.name }) });
    }
  }
  const nodes =
    at === 'b'
      ? sdl.map((text) => text.replace(/type (T[012]) /, 'type $1 implements Node '))
      : sdl;
  return { sdl: [federationLink, abstract, ...nodes].join('\n'), resolvers };
}

/** What stands at a field, whoever asks. */
export function valueOf(
  type: RandomType,
  field: RandomField,
  possible: ReadonlyMap<string, readonly string[]>,
): unknown {
  if (field.leads === undefined) return `v:${type.name}.${field.name}`;
  const targets = (possible.get(field.leads) ?? []).map((t) => ({ t }));
  return field.type.startsWith('[')
    ? [targets[0], ...(field.type.includes('!]') ? [] : [null]), targets.at(-1)]
    : targets.at(-1);
}

/** A valid document over the graph, with aliases, nested fragments and conditions. */
export function randomDocument(draw: Draw, graph: RandomGraph): string {
  const typeNames = [...graph.possible.keys()].filter((name) => name !== 'Query');
  const fragments: { on: string; text: string }[] = [];
  let aliases = 0;
  const overlap = (one: string, other: string) =>
    (graph.possible.get(one) ?? []).some((name) => graph.possible.get(other)?.includes(name));
  const condition = () =>
    pick(draw, [
      '',
      '',
      '',
      '@skip(if: $yes)',
      '@include(if: $yes)',
      '@skip(if: $no)',
      '@include(if: true)',
    ]);

  function fieldsOf(type: string): readonly RandomField[] {
    const own = graph.types.get(type)?.fields;
    if (own !== undefined) return own;
    return type === 'Node' ? (graph.types.get('T0')?.fields ?? []).slice(0, 2) : [];
  }
  function selection(type: string, depth: number): string {
    const parts: string[] = [];
    const count = draw(fc.integer, { min: 1, max: 3 });
    for (let index = 0; index < count; index += 1) parts.push(part(type, depth));
    return `{ ${parts.join(' ')} }`;
  }
  function part(type: string, depth: number): string {
    const kind = draw(fc.integer, { min: 0, max: 9 });
    if (kind === 0)
      return `${chance(draw, 50) ? '' : `n${(aliases += 1)}: `}__typename ${condition()}`;
    if (kind <= 2 && depth > 0) {
      const on = pick(draw, [type, ...typeNames.filter((name) => overlap(name, type))]);
      return `... on ${on} ${condition()} ${selection(on, depth - 1)}`;
    }
    const spreads = fragments.flatMap(({ on }, index) =>
      overlap(on, type) && (depth > 1 || index === 0) ? [index] : [],
    );
    if (kind <= 4 && spreads.length > 0) return `...F${pick(draw, spreads)} ${condition()}`;
    const fields = fieldsOf(type).filter(({ leads }) => depth > 0 || leads === undefined);
    if (fields.length === 0) return '__typename';
    const field = pick(draw, fields);
    const alias = chance(draw, 40) ? `n${(aliases += 1)}: ` : '';
    const within = field.leads === undefined ? '' : selection(field.leads, depth - 1);
    return `${alias}${field.name} ${condition()} ${within}`;
  }

  for (let index = 0; index < 4; index += 1) {
    const on = pick(draw, typeNames);
    fragments.push({ on, text: `fragment F${index} on ${on} ${selection(on, 1)}` });
  }
  const inUse = '{ yes: __typename @skip(if: $yes) no: __typename @skip(if: $no)';
  const root = selection('Query', 3).replace('{', inUse);
  const texts = fragments.map(({ text }) => text);
  return [`query Q($yes: Boolean!, $no: Boolean = false) ${root}`, ...reached(root, texts)].join(
    '\n',
  );
}

/** A document may not define what it does not use. */
function reached(root: string, fragments: readonly string[]): string[] {
  const found = new Set<string>();
  const open = [root];
  for (let text = open.pop(); text !== undefined; text = open.pop()) {
    for (const [, index] of text.matchAll(/\.\.\.F(\d)/g)) {
      const fragment = fragments[Number(index)];
      if (fragment === undefined || found.has(fragment)) continue;
      found.add(fragment);
      open.push(fragment);
    }
  }
  return [...found];
}

/** Coordinates that a fetch asks for. */
export function askedOf(graph: RandomGraph, query: string): string[] {
  const found: string[] = [];
  const every = [...graph.possible.keys()].filter((name) => graph.types.has(name));
  const { definitions } = parse(query);
  const fragments = new Map(
    definitions.flatMap((one) =>
      one.kind === Kind.FRAGMENT_DEFINITION ? [[one.name.value, one] as const] : [],
    ),
  );
  function walk(set: SelectionSetNode, types: readonly string[]): void {
    for (const selection of set.selections) {
      if (selection.kind !== Kind.FIELD) {
        const spread = selection.kind === Kind.FRAGMENT_SPREAD;
        const fragment = spread ? fragments.get(selection.name.value) : selection;
        if (fragment === undefined) throw new Error('a fetch spreads an unknown fragment');
        const on = fragment.typeCondition?.name.value;
        const within = on === undefined ? types : (graph.possible.get(on) ?? []);
        walk(
          fragment.selectionSet,
          types.filter((type) => within.includes(type)),
        );
        continue;
      }
      const name = selection.name.value;
      if (name === '_entities' && selection.selectionSet) walk(selection.selectionSet, every);
      for (const type of types) {
        const field = graph.types.get(type)?.fields.find((one) => one.name === name);
        if (field === undefined) continue;
        found.push(`${type}.${name}`);
        if (field.leads !== undefined && selection.selectionSet) {
          walk(selection.selectionSet, graph.possible.get(field.leads) ?? []);
        }
      }
    }
  }
  for (const definition of definitions) {
    if (definition.kind === Kind.OPERATION_DEFINITION) walk(definition.selectionSet, ['Query']);
  }
  return found;
}
