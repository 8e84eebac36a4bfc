import type { FastifyReply, FastifyRequest } from 'fastify';
import { faultCatalogue, type FaultCode } from '@caregraph/fault';

export interface ErrorAnswer {
  readonly code: FaultCode;
  /** Tells apart what shares a code; stable as the code is. */
  readonly reason?: string;
  readonly message?: string;
}

/** Answers with a GraphQL error, in the media type that the client asks for. */
export function answerError(request: FastifyRequest, reply: FastifyReply, answer: ErrorAnswer) {
  const { code, reason } = answer;
  const { status } = faultCatalogue[code];
  const message = answer.message ?? faultCatalogue[code].message;
  const extensions = { code, ...(reason === undefined ? {} : { reason }), requestId: request.id };
  const asked = request.headers.accept?.includes('application/graphql-response+json') ?? false;
  const type = asked ? 'application/graphql-response+json' : 'application/json';
  return reply
    .code(status)
    .header('content-type', `${type}; charset=utf-8`)
    .header('cache-control', 'no-store')
    .send(JSON.stringify({ errors: [{ message, extensions }] }));
}

/** Turns what Fastify or a handler throws into a GraphQL error; nothing of the thrown goes out. */
export function describeThrown(thrown: unknown): ErrorAnswer {
  const code = errorCodeOf(thrown);
  switch (code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return { code: 'BODY_TOO_LARGE' };
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return { code: 'UNSUPPORTED_MEDIA_TYPE' };
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
    case 'FST_ERR_CTP_EMPTY_JSON_BODY':
      return { code: 'BAD_REQUEST', reason: 'MALFORMED_JSON' };
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
    case 'FST_ERR_BAD_URL':
    case 'ERR_INVALID_URL':
      return { code: 'BAD_REQUEST' };
    default:
      return { code: 'INTERNAL' };
  }
}

function errorCodeOf(thrown: unknown): string | undefined {
  const known = typeof thrown === 'object' && thrown !== null && 'code' in thrown;
  return known && typeof thrown.code === 'string' ? thrown.code : undefined;
}
