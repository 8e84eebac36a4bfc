import type { ApolloServerPlugin, BaseContext } from '@apollo/server';
import {
  Kind,
  type DocumentNode,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import { faultCatalogue } from '@caregraph/fault';
import type { Logger } from '@caregraph/observability';
import type { RequestContext } from '../context.ts';
import type { AccessCommitter } from './access-committer.ts';

/**
 * No audit, no answer. Threat: a record is read and nobody can tell. Defence: before a subgraph
 * answers, what the request saw is durable; when that fails, the failure is the answer.
 */
export function accessAuditPlugin<TContext extends RequestContext & BaseContext>(
  committer: AccessCommitter | undefined,
  log: Logger,
): ApolloServerPlugin<TContext> {
  return {
    async requestDidStart() {
      return {
        async willSendResponse({ contextValue, operation, document, response }) {
          const intent = contextValue.audit.intent(rootFieldsOf(operation, document));
          if (intent === undefined) return;
          try {
            if (committer === undefined) throw new Error('this server has no access committer');
            await committer.commit(intent);
          } catch (error) {
            log.error('an access could not be recorded', { code: 'AUDIT_UNAVAILABLE', error });
            const { status, message } = faultCatalogue.AUDIT_UNAVAILABLE;
            response.http.status = status;
            const refusal = { message, extensions: { code: 'AUDIT_UNAVAILABLE' } };
            response.body = { kind: 'single', singleResult: { errors: [refusal] } };
          }
        },
      };
    },
  };
}

/** What was asked for, also when it hides in fragments: `patient`, or `Patient.checkups`. */
function rootFieldsOf(
  operation: OperationDefinitionNode | undefined,
  document: DocumentNode | undefined,
): string[] {
  const fragments = new Map(
    (document?.definitions ?? []).flatMap((one) =>
      one.kind === Kind.FRAGMENT_DEFINITION ? [[one.name.value, one.selectionSet] as const] : [],
    ),
  );
  const namesIn = (set: SelectionSetNode | undefined, prefix: string): string[] =>
    (set?.selections ?? []).flatMap((selection) => {
      if (selection.kind === Kind.FRAGMENT_SPREAD) {
        return namesIn(fragments.get(selection.name.value), prefix);
      }
      if (selection.kind === Kind.INLINE_FRAGMENT) {
        const type = selection.typeCondition?.name.value;
        return namesIn(selection.selectionSet, prefix === '' || !type ? prefix : `${type}.`);
      }
      const name = selection.name.value;
      return name === '_entities'
        ? namesIn(selection.selectionSet, 'Entity.')
        : [`${prefix}${name}`];
    });
  return [...new Set(namesIn(operation?.selectionSet, ''))];
}
