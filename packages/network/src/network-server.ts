import fastifyFactory, { type FastifyInstance, type FastifyServerFactory } from 'fastify';
import type { Clock, IdSource } from '@caregraph/clock';
import type { Logger } from '@caregraph/observability';
import { createClientErrors } from './client-error.ts';
import { createConnections, type Connections } from './connection.ts';
import {
  createErrorAnswer,
  describeThrown,
  type AnswerError,
  type WriteError,
} from './error-answer.ts';
import { requireMeantExposure } from './exposure.ts';
import type { NetworkConfig } from './network-config.ts';
import { installPageGuard } from './page-guard.ts';
import { createRequestGuard } from './request-guard.ts';
import { withSecurityHeaders } from './security-headers.ts';
import { createTrust, installSourceAddress, withoutForwardedNames } from './source-address.ts';
import { readTlsMaterial, watchTlsMaterial, type TlsMaterial } from './tls-material.ts';

interface NetworkServerOptions {
  /** The address it will listen on; plain HTTP beyond this machine must be meant. */
  readonly host: string;
  readonly network: NetworkConfig;
  /** Longest request body in bytes. */
  readonly bodyLimitBytes: number;
  readonly writeError: WriteError;
  readonly log: Logger;
  readonly clock: Clock;
  readonly ids: IdSource;
}

export interface NetworkServer {
  readonly app: FastifyInstance;
  /** Tells clients with long connections to go elsewhere; what is under way finishes. */
  retire(): void;
}

/**
 * Creates a server that faces the network: connections with limits, then the steps that every
 * request takes before any route. It listens only when told to.
 *
 * @throws Error with code PLAIN_HTTP_REFUSED, or when the certificate is not usable
 * @example const { app } = await createNetworkServer({ host, network, bodyLimitBytes: 65_536, writeError, log, clock, ids });
 */
export async function createNetworkServer(options: NetworkServerOptions): Promise<NetworkServer> {
  const { network, log, ids, writeError } = options;
  requireMeantExposure(options.host, network);
  const answerError = createErrorAnswer(writeError);
  const material = network.tls === undefined ? undefined : await readTlsMaterial(network.tls);
  const secure = material !== undefined;
  const clientErrors = createClientErrors({ secure, writeError, ids, log });
  const guard = createRequestGuard(network, answerError);
  const isProxy = createTrust(network);
  let connections: Connections | undefined;

  const app = fastifyFactory({
    serverFactory: (handle) => {
      const guarded = guard.screen(withSecurityHeaders(withoutForwardedNames(handle), secure));
      const watched = clientErrors.watch(guarded);
      connections = createConnections({ network, clock: options.clock }, material, watched);
      // Fastify takes either server; its types ask to choose one for the whole application.
      return connections.server as ReturnType<FastifyServerFactory>;
    },
    // Fastify would log URLs, and those of GET queries carry variables: see onResponse below.
    logger: false,
    bodyLimit: options.bodyLimitBytes,
    genReqId: () => ids.next(),
    requestIdHeader: false,
    trustProxy: isProxy,
    onConstructorPoisoning: 'ignore',
    onProtoPoisoning: 'error',
    clientErrorHandler: clientErrors.answer,
    frameworkErrors: (error, request, reply) => {
      reply.header('x-request-id', request.id);
      void answerError(request, reply, describeThrown(error));
    },
  });
  if (connections === undefined) throw new Error('Fastify made no server.');
  app.removeContentTypeParser('text/plain');
  installLog(app, log);
  installAnswerDeadline(app, network.answerTimeoutMs);
  guard.install(app);
  installSourceAddress(app, network, isProxy);
  installPageGuard(app, network, answerError);
  installErrors(app, log, answerError);
  if (network.behindProxy && network.trustedProxies.length === 0) {
    log.warn('BEHIND_PROXY without TRUSTED_PROXIES: sign-in tries are not counted by address');
  }
  installEnd(app, connections, options, material);
  return { app, retire: connections.retire };
}

function installLog(app: FastifyInstance, log: Logger): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id);
  });
  app.addHook('onResponse', async (request, reply) => {
    log.info('request', {
      requestId: request.id,
      path: request.routeOptions.url ?? 'none',
      status: reply.statusCode,
      durationMs: Math.round(reply.elapsedTime),
    });
  });
}

function installErrors(app: FastifyInstance, log: Logger, answerError: AnswerError): void {
  app.setErrorHandler((error, request, reply) => {
    const answer = describeThrown(error);
    if (answer.code === 'INTERNAL') log.error('request failed', { requestId: request.id, error });
    return answerError(request, reply, answer);
  });
  app.setNotFoundHandler((request, reply) => answerError(request, reply, { code: 'NOT_FOUND' }));
}

/** Threat: a client that takes its answer byte by byte keeps the connection from being idle. */
function installAnswerDeadline(app: FastifyInstance, timeoutMs: number): void {
  app.addHook('onSend', async (_request, { raw }) => {
    const timer = setTimeout(() => raw.destroy(), timeoutMs);
    timer.unref();
    raw.once('close', () => clearTimeout(timer));
  });
}

function installEnd(
  app: FastifyInstance,
  connections: Connections,
  { network: { tls }, log }: NetworkServerOptions,
  material: TlsMaterial | undefined,
): void {
  const { server } = connections;
  const stopWatching =
    tls !== undefined && material !== undefined && 'setSecureContext' in server
      ? watchTlsMaterial({
          ...{ files: tls, first: material, log },
          use: ({ context }) => server.setSecureContext(context),
        })
      : undefined;
  app.addHook('preClose', async () => {
    stopWatching?.();
    connections.retire();
    await connections.closeAll();
  });
}
