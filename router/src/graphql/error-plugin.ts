import type { ApolloServerPlugin } from '@apollo/server';
import type { GraphQLFormattedError } from 'graphql';
import type { Logger } from '@caregraph/observability';
import type { RouterContext } from '../router-context.ts';
import { isInternal } from './error-format.ts';

/** Logs failures of ours, and gives their reader the request id to ask with. */
export function createErrorPlugin(log: Logger): ApolloServerPlugin<RouterContext> {
  return {
    async requestDidStart({ contextValue }) {
      const { requestId } = contextValue;
      return {
        async didEncounterErrors({ errors }) {
          for (const error of errors) {
            const { code, serviceName } = error.extensions;
            if (!isInternal(code)) continue;
            log.error('request met an internal error', {
              requestId,
              error: error.originalError ?? error,
              ...(typeof serviceName === 'string' ? { subgraph: serviceName } : {}),
            });
          }
        },
        async willSendResponse({ response }) {
          if (response.body.kind !== 'single') return;
          const { singleResult } = response.body;
          dropValueGaps(singleResult);
          if (singleResult.errors === undefined) return;
          singleResult.errors = singleResult.errors.map((error) => withRequestId(error, requestId));
        },
      };
    },
  };
}

/**
 * An entity that its subgraph does not find, or does not show to this actor, reads as null; the
 * gateway adds which field had no value. Out of scope must answer like not found, without remarks.
 * A subgraph that breaks its own schema reports an error itself, so no fault hides here.
 */
function dropValueGaps(result: { extensions?: Record<string, unknown> }): void {
  const { valueCompletion: _dropped, ...rest } = result.extensions ?? {};
  if (Object.keys(rest).length > 0) result.extensions = rest;
  else delete result.extensions;
}

function withRequestId(error: GraphQLFormattedError, requestId: string): GraphQLFormattedError {
  if (error.extensions?.['code'] !== 'INTERNAL') return error;
  return { ...error, extensions: { ...error.extensions, requestId } };
}
