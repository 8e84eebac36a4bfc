import type { FieldNode, GraphQLField } from 'graphql';
import type { CostModel, ListSize } from './cost-model.ts';
import { unknownValue, valueOf, type Variables } from './document-values.ts';

/** Lists directly below a field whose size the field has given. */
export interface Sized {
  readonly fields: readonly string[];
  readonly size: number;
}

interface FieldSizes {
  /** Elements of the field itself, if it is a list. */
  readonly own: number;
  readonly below: Sized;
}

const none: Sized = { fields: [], size: 0 };

/**
 * How many elements a field answers with, by its @listSize.
 *
 * @param sizes.assumed for lists of which nothing is said
 * @param sizes.worst where a variable without a value decides; undefined when all values are known
 */
export function createListSizes(
  model: CostModel,
  variables: Variables,
  sizes: { readonly assumed: number; readonly worst: number | undefined },
) {
  function of(
    field: GraphQLField<unknown, unknown>,
    node: FieldNode,
  ): FieldSizes | 'slicing-argument-missing' {
    const stated = model.listSizeOf(field);
    if (!stated) return { own: sizes.assumed, below: none };
    const slices = slicesOf(field, node, stated);
    const oneNeeded = stated.requireOneSlicingArgument && stated.slicingArguments.length > 0;
    if (oneNeeded && slices.length !== 1) return 'slicing-argument-missing';
    const size = slices.length > 0 ? Math.max(...slices) : (stated.assumedSize ?? sizes.assumed);
    if (stated.sizedFields.length === 0) return { own: size, below: none };
    return { own: sizes.assumed, below: { fields: stated.sizedFields, size } };
  }

  function slicesOf(
    field: GraphQLField<unknown, unknown>,
    node: FieldNode,
    { slicingArguments }: ListSize,
  ): number[] {
    return slicingArguments.flatMap((name) => {
      const given = node.arguments?.find((argument) => argument.name.value === name);
      const value = given && valueOf(given.value, variables);
      if (value === unknownValue) return [sizes.worst ?? sizes.assumed];
      const fallback = field.args.find((argument) => argument.name === name)?.defaultValue;
      return asSize(value === undefined ? fallback : value);
    });
  }

  return { of };
}

/**
 * Threat: a negative size would pay for other fields of the document. It is refused later; here it
 * counts as nothing.
 */
function asSize(value: unknown): number[] {
  return typeof value === 'number' && !Number.isNaN(value) ? [Math.max(0, value)] : [];
}
