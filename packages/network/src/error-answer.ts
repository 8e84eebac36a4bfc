import type { FastifyReply, FastifyRequest } from 'fastify';
import { faultCatalogue, isFault, type FaultCode } from '@caregraph/fault';

/** What a request is told that got no answer of its own. */
export interface Refusal {
  readonly code: FaultCode;
  /** Tells apart what shares a code; stable as the code is. */
  readonly reason?: string;
  /** In place of the catalogue's words. */
  readonly message?: string;
}

/** A refusal in the shape that the clients of a process read. */
export interface ErrorText {
  readonly type: string;
  readonly body: string;
}

/**
 * Words refusals: GraphQL errors at the router, OAuth errors at identity.
 *
 * @param accept what the request would take; undefined where it could not be read
 */
export type WriteError = (
  refusal: Required<Pick<Refusal, 'code' | 'message'>> & { reason?: string; requestId: string },
  accept: string | undefined,
) => ErrorText;

export type AnswerError = (
  request: FastifyRequest,
  reply: FastifyReply,
  refusal: Refusal,
) => FastifyReply;

/**
 * Makes the one way in which a process answers refusals: the catalogue's status, never cached.
 *
 * @example const answerError = createErrorAnswer(writeGraphqlError);
 */
export function createErrorAnswer(write: WriteError): AnswerError {
  return (request, reply, refusal) => {
    const { status, message } = faultCatalogue[refusal.code];
    const { type, body } = write(
      { message, ...refusal, requestId: request.id },
      request.headers.accept,
    );
    return reply
      .code(status)
      .header('content-type', type)
      .header('cache-control', 'no-store')
      .send(body);
  };
}

/** Turns what Fastify or a handler throws into a refusal; nothing of the thrown goes out. */
export function describeThrown(thrown: unknown): Refusal {
  if (isFault(thrown)) return { code: thrown.code };
  switch (errorCodeOf(thrown)) {
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
