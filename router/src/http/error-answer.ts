import { createErrorAnswer, type WriteError } from '@caregraph/network';

/** A GraphQL error, in the media type that the client asks for. */
export const writeGraphqlError: WriteError = ({ message, ...extensions }, accept) => {
  const asked = accept?.includes('application/graphql-response+json') ?? false;
  const type = asked ? 'application/graphql-response+json' : 'application/json';
  return {
    type: `${type}; charset=utf-8`,
    body: JSON.stringify({ errors: [{ message, extensions }] }),
  };
};

export const answerError = createErrorAnswer(writeGraphqlError);
