import type { ApolloServerPlugin, GraphQLRequestContextDidResolveOperation } from '@apollo/server';
import {
  Kind,
  type DocumentNode,
  type FragmentDefinitionNode,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import type { RouterContext } from '../router-context.ts';
import { refusalOf } from './access-error.ts';

type Resolved = GraphQLRequestContextDidResolveOperation<RouterContext>;

const metaFields = new Set(['__schema', '__type']);
const suggestion = / ?Did you mean(.+?)\?$/;

/**
 * Keeps the schema to those who write documents against it: the explorer and developers, whose
 * tokens let them send documents of their own. `__typename` is everybody's.
 *
 * Threat: the map of the graph tells an attacker where to try. Validated documents are kept for
 * whoever sends the same text, so this is asked for each request and not when one is validated.
 *
 * @returns a check that throws FORBIDDEN
 */
export function createIntrospectionCheck() {
  const known = new WeakMap<OperationDefinitionNode, boolean>();
  return ({ contextValue, document, operation }: Resolved): void => {
    if (operation === undefined || contextValue.actor.documents === 'free') return;
    const asks = known.get(operation) ?? selectsMetaField(document, operation.selectionSet);
    known.set(operation, asks);
    if (asks) throw refusalOf({ reason: 'INTROSPECTION' });
  };
}

/**
 * Takes "Did you mean …?" out of errors for those who may not ask for the schema.
 *
 * Threat: suggestions for misspelt names spell out the schema, guess by guess.
 */
export function createSuggestionPlugin(): ApolloServerPlugin<RouterContext> {
  return {
    async requestDidStart({ contextValue: { actor } }) {
      if (actor.documents === 'free') return undefined;
      return {
        async willSendResponse({ response: { body } }) {
          if (body.kind !== 'single' || body.singleResult.errors === undefined) return;
          body.singleResult.errors = body.singleResult.errors.map((error) => ({
            ...error,
            message: error.message.replace(suggestion, ''),
          }));
        },
      };
    },
  };
}

/** Both fields exist on the query type alone, so only fragments lead to them from the root. */
function selectsMetaField(document: DocumentNode, root: SelectionSetNode): boolean {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) {
      fragments.set(definition.name.value, definition);
    }
  }
  const open = [root];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const selection of next.selections) {
      if (selection.kind === Kind.INLINE_FRAGMENT) open.push(selection.selectionSet);
      else if (selection.kind === Kind.FIELD) {
        if (metaFields.has(selection.name.value)) return true;
      } else {
        const fragment = fragments.get(selection.name.value);
        // Looked into once: what it holds does not change.
        fragments.delete(selection.name.value);
        if (fragment !== undefined) open.push(fragment.selectionSet);
      }
    }
  }
  return false;
}
