import { GraphQLError, type ValidationRule } from 'graphql';
import type { LimitsConfig } from '../limits-config.ts';
import type { LimitBreach } from '../limit-error.ts';
import { limitAliases } from './aliases.limit.ts';
import { limitDepth } from './depth.limit.ts';
import { limitDirectives } from './directives.limit.ts';
import { measureDocument } from './document-shape.ts';
import { limitFields } from './fields.limit.ts';
import { limitRootFields } from './root-fields.limit.ts';

const limits = [limitDepth, limitFields, limitRootFields, limitAliases, limitDirectives];

/**
 * The limits of a document, as a validation rule that comes before all others.
 *
 * Threat: rules of graphql-js compare fields in pairs or follow fragments deep into the stack
 * (OverlappingFieldsCanBeMerged was the cause of several published denials of service). All rules
 * are visited together, the document node first and selections later; returning null there takes
 * the whole document out of the visit, so that no other rule sees a selection of it.
 */
export function createDocumentLimitsRule(config: LimitsConfig): ValidationRule {
  return (context) => ({
    Document(document) {
      const measured = measureDocument(document);
      const breach: LimitBreach | undefined =
        measured.kind === 'fragment-cycle'
          ? { limit: 'fragment-cycle', max: 0 }
          : limits.map((limit) => limit(measured.shape, config)).find((found) => found);
      if (!breach) return undefined;
      const extensions = { documentLimit: breach };
      context.reportError(new GraphQLError('The document is over a limit.', { extensions }));
      return null;
    },
  });
}
