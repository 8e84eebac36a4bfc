import type { IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';
import type { RequestHandler } from './connection.ts';
import type { AnswerError } from './error-answer.ts';
import { isOurName } from './exposure.ts';
import type { NetworkConfig } from './network-config.ts';

/** One rule: why a request is refused, or undefined when it may pass. */
type Rule = (raw: IncomingMessage, network: NetworkConfig) => string | undefined;

/** Headers that decide who asks, for what, and where the body ends. */
const singleHeaders = new Set([
  'authorization',
  'content-length',
  'content-type',
  'dpop',
  'host',
  'origin',
  'sec-fetch-site',
  'transfer-encoding',
  'x-break-glass',
  'x-delivery',
  'x-purpose',
  'x-request-id',
  'x-router-context',
]);
const bodilessMethods = new Set(['GET', 'HEAD', 'OPTIONS']);

const rules: readonly Rule[] = [
  refuseStrangeTarget,
  refuseTooManyHeaders,
  refuseRepeatedHeaders,
  refuseStrangeFraming,
  refuseOtherNames,
];

export interface RequestGuard {
  /** Looks at a request before anything else does, and again at nothing after a refused one. */
  screen(handle: RequestHandler): RequestHandler;
  /** Answers what was refused, before any other step. */
  install(app: FastifyInstance): void;
}

/**
 * Refuses requests that another machine on the way could read differently.
 *
 * Threat: what follows such a request on its connection may be a second one that was hidden in it.
 * Node reads ahead, so the connection is given up in the same turn in which the first is refused.
 */
export function createRequestGuard(network: NetworkConfig, answerError: AnswerError): RequestGuard {
  const reasons = new WeakMap<object, string>();
  const givenUp = new WeakSet<object>();
  return {
    screen: (handle) => (raw, response) => {
      if (givenUp.has(raw.socket)) return;
      const reason = firstReason(raw, network);
      if (reason !== undefined) {
        reasons.set(raw, reason);
        if (raw.httpVersionMajor === 1) givenUp.add(raw.socket);
      }
      handle(raw, response);
    },
    install(app) {
      app.addHook('onRequest', async (request, reply) => {
        const reason = reasons.get(request.raw);
        if (reason === undefined) return undefined;
        if (request.raw.httpVersionMajor === 1) reply.header('connection', 'close');
        return answerError(request, reply, { code: 'BAD_REQUEST', reason });
      });
    },
  };
}

function firstReason(raw: IncomingMessage, network: NetworkConfig): string | undefined {
  for (const rule of rules) {
    const reason = rule(raw, network);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

/**
 * Threat: an address that a proxy in front takes for one path and this process for another: absolute
 * form, a fragment, `//`, `..`, encoded slashes, backslashes, NUL, a percent sign without a number.
 */
function refuseStrangeTarget({ url = '' }: IncomingMessage): string | undefined {
  const path = url.split('?', 1)[0] ?? '';
  const plain =
    path.startsWith('/') && !/\/\/|[\\;]|%(?![0-9a-f]{2})|\/(\.|%2e){1,2}(\/|$)/i.test(path);
  const encoded = /%(?:2f|5c|3b|[01][0-9a-f]|7f)/i.test(path) || !isUtf8(path);
  return plain && !encoded && !url.includes('#') ? undefined : 'TARGET_REFUSED';
}

function isUtf8(path: string): boolean {
  try {
    return typeof decodeURIComponent(path) === 'string';
  } catch {
    // That it cannot be decoded is the answer.
    return false;
  }
}

/** Node drops headers beyond its limit in silence; what was dropped may have mattered. */
function refuseTooManyHeaders(raw: IncomingMessage, { maxHeaders }: NetworkConfig) {
  return raw.rawHeaders.length / 2 > maxHeaders + (raw.httpVersionMajor === 2 ? 4 : 0)
    ? 'HEADERS_TOO_MANY'
    : undefined;
}

/** Threat: Node takes the first of two, or joins them; whoever is in front may take the other. */
function refuseRepeatedHeaders({ rawHeaders }: IncomingMessage): string | undefined {
  const seen = new Set<string>();
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = (rawHeaders[at] ?? '').toLowerCase();
    if (!singleHeaders.has(name)) continue;
    if (seen.has(name)) return 'HEADER_REPEATED';
    seen.add(name);
  }
  return undefined;
}

/** Threat: a body whose end two readers see at different places hides a second request. */
function refuseStrangeFraming({ headers, method, httpVersion }: IncomingMessage) {
  const { 'content-length': length, 'transfer-encoding': coding } = headers;
  const plainLength = length === undefined || /^\d{1,15}$/.test(length);
  const plainCoding =
    coding === undefined || (coding.toLowerCase() === 'chunked' && httpVersion === '1.1');
  const both = length !== undefined && coding !== undefined;
  const needless =
    bodilessMethods.has(method ?? '') && (coding !== undefined || Number(length ?? 0) > 0);
  return plainLength && plainCoding && !both && !needless ? undefined : 'FRAMING_REFUSED';
}

/**
 * Threat: a page points its own name at this machine (DNS rebinding) and is "same origin" then.
 * HTTP/2 has two places for the name; the check must not look at the other one.
 */
function refuseOtherNames({ headers, url }: IncomingMessage, { allowedHosts }: NetworkConfig) {
  const authority = headers[':authority'];
  const host = headers.host ?? (typeof authority === 'string' ? authority : '');
  // Probes of the platform come by address; the two answers hold nothing of anyone.
  const known = url === '/healthz' || url === '/ready' || isOurName(host, allowedHosts);
  return known && (authority === undefined || authority === host) ? undefined : 'HOST_REFUSED';
}
