import {
  getDirectiveValues,
  getNamedType,
  isAbstractType,
  isCompositeType,
  isInterfaceType,
  isObjectType,
  Kind,
  parse,
  type DocumentNode,
  type FieldNode,
  type GraphQLNamedType,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import { z } from 'zod';
import { isLeftOut, variablesOf, type Variables } from '../cost/document-values.ts';
import { fragmentsOf } from '../../graphql/fragments-of.ts';
import { directiveName } from '../linked-directive.ts';

/** At most `max` in any window of `windowMs` milliseconds. */
export interface RatePolicy {
  /** A coordinate such as Query.patientByIdentifier, or `requests`. */
  readonly name: string;
  readonly max: number;
  readonly windowMs: number;
}

/** A policy and how often a request touches it. */
export interface Touched {
  readonly policy: RatePolicy;
  readonly count: number;
}

/** The policies of a schema by coordinate. */
export type RatePolicies = ReadonlyMap<string, RatePolicy>;

const specification = 'https://specs.caregraph.org/rateLimit';
const rateArguments = z.object({
  max: z.number().int().positive(),
  windowS: z.number().int().positive(),
});

/**
 * Reads @rateLimit from a supergraph.
 *
 * @param schema made of the same text
 * @throws ZodError when a limit is not positive
 */
export function readRatePolicies(supergraphSdl: string, schema: GraphQLSchema): RatePolicies {
  const policies = new Map<string, RatePolicy>();
  const document = parse(supergraphSdl, { noLocation: true });
  const directive = schema.getDirective(directiveName(document, specification, 'rateLimit') ?? '');
  if (!directive) return policies;
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) && !isInterfaceType(type)) continue;
    for (const { name: field, astNode } of Object.values(type.getFields())) {
      const values = astNode && getDirectiveValues(directive, astNode);
      if (!values) continue;
      const { max, windowS } = rateArguments.parse(values);
      const name = `${type.name}.${field}`;
      policies.set(name, { name, max, windowMs: windowS * 1_000 });
    }
  }
  return policies;
}

/**
 * The limited fields of an operation, each with how often it stands there: an alias is a call of
 * its own. A field of an interface counts for every type behind it that limits it.
 *
 * @param document within the limits of documents, so that writing out its fragments is bounded
 */
export function touchedBy(
  { schema, policies }: { readonly schema: GraphQLSchema; readonly policies: RatePolicies },
  document: DocumentNode,
  operation: OperationDefinitionNode,
  given: Variables,
): readonly Touched[] {
  const root = schema.getRootType(operation.operation);
  if (!root || policies.size === 0) return [];
  const variables = variablesOf(operation, given, true);
  const fragments = fragmentsOf(document);
  const counts = new Map<RatePolicy, number>();

  function visit(set: SelectionSetNode, type: GraphQLNamedType): void {
    for (const node of set.selections) {
      if (isLeftOut(node.directives, variables)) continue;
      if (node.kind === Kind.FIELD) {
        visitField(node, type);
        continue;
      }
      const inner = node.kind === Kind.FRAGMENT_SPREAD ? fragments.get(node.name.value) : node;
      const narrowed = inner?.typeCondition && schema.getType(inner.typeCondition.name.value);
      if (inner) visit(inner.selectionSet, narrowed ?? type);
    }
  }

  function visitField(node: FieldNode, type: GraphQLNamedType): void {
    for (const owner of [type, ...(isAbstractType(type) ? schema.getPossibleTypes(type) : [])]) {
      const policy = policies.get(`${owner.name}.${node.name.value}`);
      if (policy) counts.set(policy, (counts.get(policy) ?? 0) + 1);
    }
    if (!node.selectionSet || !(isObjectType(type) || isInterfaceType(type))) return;
    const field = type.getFields()[node.name.value];
    const result = field && getNamedType(field.type);
    if (isCompositeType(result)) visit(node.selectionSet, result);
  }

  visit(operation.selectionSet, root);
  return [...counts].map(([policy, count]) => ({ policy, count }));
}
