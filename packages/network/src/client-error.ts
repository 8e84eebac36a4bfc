import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { IdSource } from '@caregraph/clock';
import { faultCatalogue } from '@caregraph/fault';
import type { Logger } from '@caregraph/observability';
import type { RequestHandler } from './connection.ts';
import type { WriteError } from './error-answer.ts';
import { securityHeaders } from './security-headers.ts';

const statusLines: Readonly<Record<string, string>> = {
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: '413 Payload Too Large',
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
};

export interface ClientErrors {
  /** Wraps the handler to know which answers are under way on a connection. */
  watch(handle: RequestHandler): RequestHandler;
  /** Answers what Node could not read as a request, and closes the connection. */
  answer(error: Error & { code?: string }, socket: Socket): void;
}

interface ClientErrorOptions {
  readonly secure: boolean;
  readonly writeError: WriteError;
  readonly ids: IdSource;
  readonly log: Logger;
}

/**
 * Answers bytes that are no HTTP request. The parser's words stay inside, and so do the bytes.
 *
 * Threat: an answer to the broken bytes must not be taken for that to an earlier request which is
 * still under way on the same connection.
 */
export function createClientErrors(options: ClientErrorOptions): ClientErrors {
  const latest = new WeakMap<object, ServerResponse>();
  return {
    watch: (handle) => (request, response) => {
      if (request.httpVersionMajor === 1) latest.set(request.socket, response);
      handle(request, response);
    },
    answer(error, socket) {
      const code = error.code ?? '';
      const unread = code.startsWith('HPE_') || code === 'ERR_HTTP_REQUEST_TIMEOUT';
      const last = latest.get(socket);
      const underWay =
        last !== undefined && !last.writableFinished && (last.headersSent || last.req.complete);
      if (!unread || !socket.writable) {
        socket.destroy();
        return;
      }
      if (underWay) {
        endAfter(last, socket);
        return;
      }
      const requestId = options.ids.next();
      options.log.info('request not readable', { requestId, reason: code });
      socket.end(answerText(code, requestId, options), () => socket.destroy());
    },
  };
}

/** Nothing more is read; what was asked before still gets its answer, the last one. */
function endAfter(last: ServerResponse, socket: Socket): void {
  if (!last.headersSent) last.setHeader('connection', 'close');
  last.once('finish', () => socket.destroySoon());
}

function answerText(
  code: string,
  requestId: string,
  { secure, writeError }: Pick<ClientErrorOptions, 'secure' | 'writeError'>,
): string {
  const { message } = faultCatalogue.BAD_REQUEST;
  const { type, body } = writeError({ code: 'BAD_REQUEST', message, requestId }, undefined);
  const headers = [
    ...securityHeaders(secure),
    ['cache-control', 'no-store'],
    ['connection', 'close'],
    ['content-length', String(Buffer.byteLength(body))],
    ['content-type', type],
    ['x-request-id', requestId],
  ].map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${statusLines[code] ?? '400 Bad Request'}\r\n${headers.join('')}\r\n${body}`;
}
