import { HeaderMap, type ApolloServerPlugin } from '@apollo/server';
import { GraphQLError, OperationTypeNode } from 'graphql';
import { faultCatalogue } from '@caregraph/fault';
import type { RouterContext } from '../router-context.ts';

/**
 * Refuses requests that name no operation to run. With a gateway Apollo Server leaves this to the
 * planner, whose failure would look like one of ours (500).
 */
export function createOperationPlugin(): ApolloServerPlugin<RouterContext> {
  return {
    async requestDidStart() {
      return {
        async didResolveOperation({ operation }) {
          // The types say that there is one; a document may hold several, or other names.
          const found: typeof operation | undefined = operation;
          if (found === undefined) throw refusal('OPERATION_NOT_FOUND');
          if (found.operation === OperationTypeNode.SUBSCRIPTION) {
            throw refusal('SUBSCRIPTION_NOT_OFFERED');
          }
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
