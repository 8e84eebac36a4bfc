import {
  buildSchema,
  execute,
  Kind,
  type DocumentNode,
  type ExecutionResult,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import type { Permission } from '@caregraph/access';
import type { AccessRules } from './access-rules.ts';
import { scopes, valueOf, type RandomGraph } from './test-random-graph.ts';

/** What must come out, worked out by graphql-js and without the code under test. */

export type Held = readonly Permission[];
type Variables = Readonly<Record<string, unknown>>;

export interface Oracle {
  readonly schema: GraphQLSchema;
  readonly rules: AccessRules;
  /** What a server that is not federated answers to whoever may have all. */
  run(document: DocumentNode, variables: Variables): ExecutionResult;
  /** The same, with a denied field being one that fails. */
  filtered(document: DocumentNode, variables: Variables, held: Held): ExecutionResult;
}

export function createOracle(graph: RandomGraph): Oracle {
  const schema = buildSchema(graph.sdl);
  const nobodyIsDenied = () => false;

  function run(
    document: DocumentNode,
    variableValues: Variables,
    isDenied: (nodes: readonly FieldNode[]) => boolean = nobodyIsDenied,
  ): ExecutionResult {
    const result = execute({
      schema,
      document,
      variableValues,
      rootValue: {},
      typeResolver: (value: unknown) => (value as { t: string }).t,
      fieldResolver(_source, _args, _context, { fieldNodes, fieldName, parentType }) {
        if (isDenied(fieldNodes)) throw new Error('denied');
        const type = graph.types.get(parentType.name);
        const field = type?.fields.find(({ name }) => name === fieldName);
        if (type === undefined || field === undefined) throw new Error('unknown field');
        return valueOf(type, field, graph.possible);
      },
    });
    if (result instanceof Promise) throw new Error('nothing here waits');
    return result;
  }

  return {
    schema,
    rules: rulesOf(graph),
    run,
    filtered(document, variables, held) {
      const { written, denied } = writeOut(graph, document, held);
      return run(written, variables, (nodes) => {
        const some = nodes.some((node) => denied.has(node));
        // An object would lack what the denied selection asks of it; a leaf is the same for all.
        return some && (nodes[0]?.selectionSet !== undefined || nodes.every((n) => denied.has(n)));
      });
    },
  };
}

/** Whether what the schema says of a field of an object type keeps these holders out. */
export function isDenied(graph: RandomGraph, type: string, name: string, held: Held): boolean {
  const owner = graph.types.get(type);
  const field = owner?.fields.find((one) => one.name === name);
  if (owner === undefined || field === undefined) return false;
  const lacks = (needs: Permission | undefined) => needs !== undefined && !held.includes(needs);
  const behind = field.leads === undefined ? [] : (graph.possible.get(field.leads) ?? []);
  const leadsNowhere =
    behind.length > 0 && behind.every((target) => lacks(graph.types.get(target)?.needs));
  return lacks(owner.needs) || lacks(field.needs) || leadsNowhere;
}

function rulesOf({ types }: RandomGraph): AccessRules {
  const needs = (scope: Permission | undefined) => scope && scopes.indexOf(scope as never);
  const entry = (at: string, scope: Permission | undefined): [string, number][] => {
    const index = needs(scope);
    return index === undefined ? [] : [[at, index]];
  };
  const all = [...types.values()];
  return {
    requirements: scopes.map((scope) => ({ authenticated: true, scopes: [[scope]], policies: [] })),
    types: new Map(all.flatMap((type) => entry(type.name, type.needs))),
    fields: new Map(
      all.flatMap((type) => type.fields.flatMap((f) => entry(`${type.name}.${f.name}`, f.needs))),
    ),
  };
}

/** Writes fragments out, so that each selection stands once and is denied or not where it stands. */
function writeOut(graph: RandomGraph, document: DocumentNode, held: Held) {
  const denied = new Set<FieldNode>();
  const fragments = new Map<string, FragmentDefinitionNode>();
  let operation: OperationDefinitionNode | undefined;
  for (const one of document.definitions) {
    if (one.kind === Kind.FRAGMENT_DEFINITION) fragments.set(one.name.value, one);
    if (one.kind === Kind.OPERATION_DEFINITION) operation = one;
  }

  function writeSet({ selections }: SelectionSetNode, on: string): SelectionSetNode {
    return { kind: Kind.SELECTION_SET, selections: selections.map((node) => write(node, on)) };
  }
  function write(node: SelectionNode, on: string): SelectionNode {
    if (node.kind === Kind.FIELD) return writeField(node, on);
    const fragment = node.kind === Kind.FRAGMENT_SPREAD ? fragments.get(node.name.value) : node;
    if (fragment === undefined) throw new Error('unknown fragment');
    const condition = fragment.typeCondition?.name.value;
    // Once it is known what an object is, a fragment on an interface tells nothing more.
    const within = condition === undefined || graph.types.has(on) ? on : condition;
    const narrowed = condition !== undefined && graph.types.has(condition) ? condition : within;
    return {
      kind: Kind.INLINE_FRAGMENT,
      directives: node.directives ?? [],
      ...(fragment.typeCondition && { typeCondition: fragment.typeCondition }),
      selectionSet: writeSet(fragment.selectionSet, narrowed),
    };
  }
  function writeField(node: FieldNode, on: string): FieldNode {
    const name = node.name.value;
    const behind = graph.possible.get(on) ?? [];
    const field = graph.types.get(behind[0] ?? '')?.fields.find((one) => one.name === name);
    const selectionSet = node.selectionSet && writeSet(node.selectionSet, field?.leads ?? '');
    const { selectionSet: _before, ...rest } = node;
    const copy: FieldNode = { ...rest, ...(selectionSet && { selectionSet }) };
    if (behind.some((type) => isDenied(graph, type, name, held))) denied.add(copy);
    return copy;
  }

  if (operation === undefined) throw new Error('no operation');
  const selectionSet = writeSet(operation.selectionSet, 'Query');
  const definitions = [{ ...operation, selectionSet }];
  return { written: { kind: Kind.DOCUMENT, definitions } satisfies DocumentNode, denied };
}
