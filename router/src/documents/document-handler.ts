import { HeaderMap, type ApolloServer } from '@apollo/server';
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteHandlerMethod } from 'fastify';
import { actorOf } from '../http/authentication.ts';
import { answerError } from '../http/error-answer.ts';
import type { RouterContext } from '../router-context.ts';
import { answerCacheable } from './cacheable-answer.ts';
import { chooseDocument, type DocumentChoice } from './document-request.ts';
import type { Documents } from './document-source.ts';
import { repeatsMember } from './repeated-member.ts';

type Chosen = Extract<DocumentChoice, { kind: 'chosen' }>;

const ambiguous = new WeakSet<FastifyRequest>();

/** Looks for members that are named twice before the text of a body is gone. */
export function installBodyReader(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'ignore');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    const text = body.toString();
    const registered =
      request.routeOptions.url === '/graphql' && actorOf(request).documents === 'registered';
    void parse(request, text, (error, value) => {
      if (!error && registered && repeatsMember(text)) ambiguous.add(request);
      done(error, value);
    });
  });
}

/**
 * Lets clients without the right to free documents run registered ones, and nothing else.
 *
 * @param options.freeForm answers everyone else
 * @param options.context as Apollo Server is to see the request
 */
export function createDocumentHandler(options: {
  readonly apollo: ApolloServer<RouterContext>;
  readonly documents: Documents;
  readonly context: (request: FastifyRequest, reply: FastifyReply) => Promise<RouterContext>;
  readonly freeForm: RouteHandlerMethod;
}): RouteHandlerMethod {
  const { documents, freeForm } = options;
  return async function (request, reply) {
    const actor = actorOf(request);
    if (actor.documents === 'free') {
      if (request.method === 'POST') return freeForm.call(this, request, reply);
      // Literals and variables are patients, and URLs end up in the logs of every proxy.
      return answerError(request, reply.header('allow', 'POST'), {
        code: 'METHOD_NOT_ALLOWED',
        reason: 'DOCUMENT_IN_URL',
        message: 'Send the document by POST; GET is for registered documents.',
      });
    }
    const choice = chooseDocument(
      {
        method: request.method,
        parameters: request.query,
        body: request.body,
        ambiguous: ambiguous.has(request),
      },
      (id) => documents.find(actor.clientId, id),
    );
    if (choice.kind === 'chosen') return run(choice, request, reply, options);
    if (choice.code === 'METHOD_NOT_ALLOWED') reply.header('allow', 'POST');
    return answerError(request, reply, choice);
  };
}

/** Apollo sees a POST of the registered text; of the client's own only headers and variables. */
async function run(
  { document, variables }: Chosen,
  request: FastifyRequest,
  reply: FastifyReply,
  { apollo, context }: Pick<Parameters<typeof createDocumentHandler>[0], 'apollo' | 'context'>,
): Promise<unknown> {
  const headers = new HeaderMap();
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value);
  }
  headers.set('content-type', 'application/json');
  const answer = await apollo.executeHTTPGraphQLRequest({
    httpGraphQLRequest: {
      method: 'POST',
      headers,
      search: '',
      body: { query: document.body, operationName: document.name, variables },
    },
    context: () => context(request, reply),
  });
  for (const [name, value] of answer.headers) reply.header(name, value);
  reply.code(answer.status ?? 200);
  // Incremental delivery is not offered, so that an answer is always whole.
  if (answer.body.kind !== 'complete') throw new Error('An answer came in parts.');
  const { string: text } = answer.body;
  return request.method === 'GET' ? answerCacheable(request, reply, text) : text;
}
