import {
  buildASTSchema,
  getDirectiveValues,
  isAbstractType,
  isCompositeType,
  isInterfaceType,
  isObjectType,
  parse,
  type GraphQLDirective,
  type GraphQLField,
  type GraphQLInterfaceType,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLSchema,
} from 'graphql';
import { z } from 'zod';
import { directiveName } from '../linked-directive.ts';

/** What @listSize says of a field. */
export interface ListSize {
  readonly assumedSize: number | undefined;
  readonly slicingArguments: readonly string[];
  readonly sizedFields: readonly string[];
  readonly requireOneSlicingArgument: boolean;
}

/** What a schema says of the cost of its parts. */
export interface CostModel {
  readonly schema: GraphQLSchema;
  /** Of one element of the field: @cost of the field, else of its type. */
  weightOfField(field: GraphQLField<unknown, unknown>): number;
  weightOfType(type: GraphQLNamedType): number;
  /** Of an argument or an input field: @cost, if any. */
  weightOfInput(input: { readonly astNode?: Annotated }): number | undefined;
  listSizeOf(field: GraphQLField<unknown, unknown>): ListSize | undefined;
}

type Annotated = Parameters<typeof getDirectiveValues>[1] | null | undefined;
type Composite = GraphQLObjectType | GraphQLInterfaceType;

const specification = 'https://specs.apollo.dev/cost';
const costArguments = z.object({ weight: z.number().int() });
const listSizeArguments = z.object({
  assumedSize: z.number().int().nonnegative().nullish(),
  slicingArguments: z.array(z.string()).nullish(),
  sizedFields: z.array(z.string()).nullish(),
  requireOneSlicingArgument: z.boolean().nullish(),
});

/**
 * Reads @cost and @listSize from a supergraph.
 *
 * @param supergraphSdl as composed, with its links
 * @throws GraphQLError when the text is not a schema
 * @see https://www.apollographql.com/docs/graphos/routing/security/demand-control
 * @example const model = readCostModel(await loadSupergraph());
 */
export function readCostModel(supergraphSdl: string): CostModel {
  const document = parse(supergraphSdl, { noLocation: true });
  const schema = buildASTSchema(document, { assumeValid: true, assumeValidSDL: true });
  const named = (name: string) =>
    schema.getDirective(directiveName(document, specification, name) ?? '') ?? undefined;
  const cost = named('cost');
  const listSize = named('listSize');
  const weights = new Map<GraphQLField<unknown, unknown>, number>();
  const sizes = new Map<GraphQLField<unknown, unknown>, ListSize>();
  const composites = Object.values(schema.getTypeMap()).filter(
    (type) => isObjectType(type) || isInterfaceType(type),
  );
  for (const type of composites) {
    for (const field of Object.values(type.getFields())) {
      const weight = readWeight(cost, field);
      if (weight !== undefined) weights.set(field, weight);
      const size = readListSize(listSize, field);
      if (size) sizes.set(field, size);
    }
  }
  for (const type of composites) shareBetweenInterfaces(type, weights, sizes);

  function weightOfType(type: GraphQLNamedType): number {
    const own = readWeight(cost, type);
    if (own !== undefined) return own;
    if (!isCompositeType(type)) return 0;
    if (!isAbstractType(type)) return 1;
    return Math.max(1, ...schema.getPossibleTypes(type).map(weightOfType));
  }
  const typeWeights = new Map(
    Object.values(schema.getTypeMap()).map((type) => [type, weightOfType(type)]),
  );
  return {
    schema,
    weightOfType: (type) => typeWeights.get(type) ?? weightOfType(type),
    weightOfField: (field) => weights.get(field) ?? weightOfType(namedTypeOf(field)),
    weightOfInput: (input) => readWeight(cost, input),
    listSizeOf: (field) => sizes.get(field),
  };
}

/**
 * Whoever asks through an interface must not pay less than whoever asks the type itself, and a
 * size stated once on an interface holds for every type behind it.
 */
function shareBetweenInterfaces(
  type: Composite,
  weights: Map<GraphQLField<unknown, unknown>, number>,
  sizes: Map<GraphQLField<unknown, unknown>, ListSize>,
): void {
  for (const parent of type.getInterfaces()) {
    for (const shared of Object.values(parent.getFields())) {
      const own = type.getFields()[shared.name];
      if (!own) continue;
      const size = sizes.get(own) ?? sizes.get(shared);
      if (size) {
        sizes.set(own, size);
        const before = sizes.get(shared);
        const larger = (size.assumedSize ?? 0) > (before?.assumedSize ?? 0);
        if (!before || larger) sizes.set(shared, size);
      }
      const weight = weights.get(own);
      if (weight !== undefined) {
        weights.set(shared, Math.max(weight, weights.get(shared) ?? 0));
      }
    }
  }
}

function namedTypeOf(field: GraphQLField<unknown, unknown>): GraphQLNamedType {
  let { type } = field;
  while ('ofType' in type) type = type.ofType;
  return type;
}

function readWeight(
  directive: GraphQLDirective | undefined,
  part: { readonly astNode?: Annotated },
): number | undefined {
  const values = directive && part.astNode && getDirectiveValues(directive, part.astNode);
  return values ? costArguments.parse(values).weight : undefined;
}

function readListSize(
  directive: GraphQLDirective | undefined,
  part: { readonly astNode?: Annotated },
): ListSize | undefined {
  const values = directive && part.astNode && getDirectiveValues(directive, part.astNode);
  if (!values) return undefined;
  const read = listSizeArguments.parse(values);
  return {
    assumedSize: read.assumedSize ?? undefined,
    slicingArguments: read.slicingArguments ?? [],
    sizedFields: read.sizedFields ?? [],
    requireOneSlicingArgument: read.requireOneSlicingArgument ?? true,
  };
}
