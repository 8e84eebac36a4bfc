import {
  getNamedType,
  isInterfaceType,
  Kind,
  parse,
  type ConstDirectiveNode,
  type GraphQLField,
  type GraphQLInterfaceType,
  type GraphQLObjectType,
  type GraphQLSchema,
} from 'graphql';
import { entityTypes, type AccessRequirement, type AccessRules } from '@caregraph/access';
import type { RequestContext } from '../context.ts';

type ReferenceResolver = (reference: unknown, ctx: RequestContext, info: unknown) => unknown;

interface SubgraphExtension {
  resolveReference?: ReferenceResolver | undefined;
}

/** Where @apollo/subgraph keeps the reference resolver of a type. */
export function subgraphExtension(
  type: GraphQLObjectType | GraphQLInterfaceType,
): SubgraphExtension {
  const apollo = (type.extensions['apollo'] ?? {}) as { subgraph?: SubgraphExtension };
  const subgraph = apollo.subgraph ?? {};
  type.extensions = { ...type.extensions, apollo: { ...apollo, subgraph } };
  return subgraph;
}

/** The fields that a subgraph answers for an entity: not the key, and not what others answer. */
export function answeredFields(type: GraphQLObjectType): GraphQLField<unknown, unknown>[] {
  const keys = new Set(
    directivesOf(type)
      .filter(({ name }) => name.value === 'key')
      .flatMap((key) => fieldSet(key)),
  );
  return Object.values(type.getFields()).filter(
    (field) =>
      !keys.has(field.name) &&
      field.astNode?.directives?.every(({ name }) => name.value !== 'external') !== false,
  );
}

/**
 * Lists entities that would take the caller's word: fields that answer without a reference
 * resolver, and interfaces, on which no access directive may stand.
 *
 * Threat: a type that only says `@authenticated`, because other subgraphs know it too, opens each
 * field that is added to it to everybody. Defence: then each field says who may ask.
 */
export function entityProblems(schema: GraphQLSchema, rules: AccessRules): string[] {
  const unasked = entityTypes(schema)
    .filter((type) => subgraphExtension(type).resolveReference === undefined)
    .filter((type) => Object.values(type.getFields()).some((field) => field.resolve !== undefined))
    .map((type) => `${type.name}: an entity with fields and without a reference resolver`);
  const interfaces = Object.values(schema.getTypeMap())
    .filter(isInterfaceType)
    .filter(
      (type) =>
        subgraphExtension(type).resolveReference !== undefined ||
        directivesOf(type).some(({ name }) => name.value === 'key'),
    )
    .map((type) => `${type.name}: an interface that is an entity`);
  const open = entityTypes(schema)
    .filter(({ name }) => asksForNothing(rules.get(name)))
    .flatMap((type) =>
      answeredFields(type)
        .filter((field) => !rules.has(`${type.name}.${field.name}`))
        .filter((field) => !rules.has(getNamedType(field.type).name))
        .map((field) => `${type.name}.${field.name}: a field that says nothing of who may ask`),
    );
  return [...unasked, ...interfaces, ...open];
}

function asksForNothing(requirement: AccessRequirement | undefined): boolean {
  return [...(requirement?.scopes ?? []), ...(requirement?.policies ?? [])].length === 0;
}

function directivesOf(type: GraphQLObjectType | GraphQLInterfaceType): ConstDirectiveNode[] {
  return [type.astNode, ...type.extensionASTNodes].flatMap((node) => node?.directives ?? []);
}

/** The fields at the top of `@key(fields: "…")`. */
function fieldSet(key: ConstDirectiveNode): string[] {
  const value = key.arguments?.find(({ name }) => name.value === 'fields')?.value;
  if (value?.kind !== Kind.STRING) return [];
  const [selection] = parse(`{${value.value}}`).definitions;
  if (selection?.kind !== Kind.OPERATION_DEFINITION) return [];
  return selection.selectionSet.selections.flatMap((one) =>
    one.kind === Kind.FIELD ? [one.name.value] : [],
  );
}
