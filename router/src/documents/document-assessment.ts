import {
  GraphQLError,
  parse,
  print,
  validate,
  type DocumentNode,
  type GraphQLSchema,
} from 'graphql';
import type { DocumentAssessment } from '@caregraph/schema-registry';
import { createDocumentLimitsRule } from '../limits/document/document-limits.ts';
import { costOf, defaultLimits, readCostModel } from '../limits/index.ts';

/** The largest page that any list gives; a variable may ask for it. */
const worstListSize = 200;

/**
 * Tells what a document may cost at worst, and which limits it would break when it runs: a
 * registered document that can be refused for its size is a trap for whoever relies on it.
 *
 * @example registerDocuments({ ..., assess: createDocumentAssessor(supergraphSdl) });
 */
export function createDocumentAssessor(
  supergraphSdl: string,
  limits = defaultLimits,
): (document: DocumentNode, schema: GraphQLSchema) => DocumentAssessment {
  const model = readCostModel(supergraphSdl);
  const rule = createDocumentLimitsRule(limits);
  return (document, schema) => {
    const breaches = validate(schema, document, [rule]).map(({ message }) => message);
    if (isTooLong(document, limits.maxTokens)) breaches.push('it has too many tokens');
    const { defaultListSize } = limits;
    const costed = costOf(model, document, {}, { defaultListSize, worstListSize });
    if (costed.kind !== 'costed') return { cost: 0, problems: [...breaches, costed.kind] };
    const { cost } = costed;
    const dear = cost > limits.costBudget;
    const overBudget = `costs up to ${cost}, and ${limits.costBudget} is the most`;
    return { cost, problems: dear ? [...breaches, overBudget] : breaches };
  };
}

function isTooLong(document: DocumentNode, maxTokens: number): boolean {
  try {
    parse(print(document), { maxTokens });
    return false;
  } catch (error) {
    if (error instanceof GraphQLError) return true;
    throw error;
  }
}
