import type { ApolloServerPlugin, BaseContext } from '@apollo/server';
import { Kind, type OperationDefinitionNode } from 'graphql';
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
        async willSendResponse({ contextValue, operation, response }) {
          const intent = contextValue.audit.intent(rootFieldsOf(operation));
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

function rootFieldsOf(operation: OperationDefinitionNode | undefined): string[] {
  const fields = operation?.selectionSet.selections ?? [];
  return fields.flatMap((field) => (field.kind === Kind.FIELD ? [field.name.value] : []));
}
