import { HeaderMap, type ApolloServerPlugin } from '@apollo/server';
import { GraphQLError, OperationTypeNode } from 'graphql';
import { faultCatalogue } from '@caregraph/fault';
import type { ResolvedRequest } from '../limits/index.ts';
import type { RouterContext } from '../router-context.ts';

/** Lets a request pass, or throws the GraphQLError that refuses it. */
export type AdmissionCheck = (request: ResolvedRequest) => void | Promise<void>;

/**
 * Refuses requests that name no operation to run. With a gateway Apollo Server leaves this to the
 * planner, whose failure would look like one of ours (500).
 *
 * @param checks run one after the other, each only when those before it let the request pass; hooks
 *   of different plugins run side by side. No cache of documents skips them.
 */
export function createOperationPlugin(
  checks: readonly AdmissionCheck[],
): ApolloServerPlugin<RouterContext> {
  return {
    async requestDidStart() {
      return {
        async didResolveOperation(request) {
          const { operation } = request;
          // The types say that there is one; a document may hold several, or other names.
          const found: typeof operation | undefined = operation;
          if (found === undefined) throw refusal('OPERATION_NOT_FOUND');
          if (found.operation === OperationTypeNode.SUBSCRIPTION) {
            throw refusal('SUBSCRIPTION_NOT_OFFERED');
          }
          for (const check of checks) await check(request);
        },
      };
    },
  };
}

function refusal(reason: string): GraphQLError {
  const { status, message } = faultCatalogue.BAD_REQUEST;
  const http = { status, headers: new HeaderMap() };
  return new GraphQLError(message, { extensions: { code: 'BAD_REQUEST', reason, http } });
}
