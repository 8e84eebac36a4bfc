import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** What an answer to one URL depends on besides. */
const variesBy = ['authorization', 'accept', 'x-purpose', 'x-break-glass'];

/**
 * Answers a GET so that its client may keep the answer and ask whether it still holds (RFC 9110
 * §8.8, RFC 9111). The document runs each time, so that access, scope and audit are never skipped;
 * what is saved is the transfer. Answers with errors are not kept: an outage must not last.
 */
export function answerCacheable(request: FastifyRequest, reply: FastifyReply, text: string) {
  if (reply.statusCode !== 200 || !isWithoutErrors(text)) return text;
  const tag = `"${createHash('sha256').update(text).digest('base64url')}"`;
  const vary = reply.getHeader('vary');
  reply
    .header('cache-control', 'private, max-age=0, must-revalidate')
    .header('vary', [...(vary === undefined ? [] : [String(vary)]), ...variesBy].join(', '))
    .header('etag', tag);
  if (!matches(request.headers['if-none-match'], tag)) return text;
  reply.removeHeader('content-length').removeHeader('content-type');
  return reply.code(304).send();
}

/** Apollo Server writes `errors` before `data`. */
function isWithoutErrors(text: string): boolean {
  return text.startsWith('{"data":');
}

/** If-None-Match compares weakly: RFC 9110 §13.1.2. */
function matches(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false;
  return header.split(',').some((one) => {
    const known = one.trim().replace(/^W\//, '');
    return known === '*' || known === tag;
  });
}
