import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createSecureServer, type Http2SecureServer, type ServerHttp2Session } from 'node:http2';
import type { Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import type { Clock } from '@caregraph/clock';
import { noteClientCertificates } from './client-certificate.ts';
import { guardSessions, http2Limits, limitBody } from './http2-guard.ts';
import type { NetworkConfig } from './network-config.ts';
import type { TlsMaterial } from './tls-material.ts';

/** How long a session may take to say its last words. */
const goodbyeMs = 500;

export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => void;

/** The server under Fastify, with every limit on what a connection may do. */
export interface Connections {
  readonly server: Server | Http2SecureServer;
  /** Tells HTTP/2 clients to ask elsewhere; requests in flight finish. */
  retire(): void;
  /** Ends what is still open, HTTP/2 sessions only after what they have to send. */
  closeAll(): Promise<void>;
}

/**
 * Creates the server: plain HTTP/1.1, or over TLS 1.3 HTTP/2 with HTTP/1.1 for clients that do not
 * speak it. It does not listen yet.
 *
 * Threat: clients that are slow, half open or never read an answer would hold every connection.
 */
export function createConnections(
  { network, clock }: { readonly network: NetworkConfig; readonly clock: Clock },
  tls: TlsMaterial | undefined,
  handle: RequestHandler,
): Connections {
  const server =
    tls === undefined
      ? createServer(http1Limits(network), handle)
      : createTlsServer(network, tls, handle);
  server.maxConnections = network.maxConnections;
  Object.assign(server, {
    // One more than is taken: Node drops headers beyond its count, and the guard must see it.
    maxHeadersCount: network.maxHeaders + 1,
    maxRequestsPerSocket: network.maxRequestsPerConnection,
  });
  server.setTimeout(network.idleTimeoutMs);

  const sockets = new Set<Socket>();
  const sessions = new Set<ServerHttp2Session>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  if ('setSecureContext' in server) {
    guardSessions(server, network, clock);
    if (network.tls !== undefined) noteClientCertificates(server, network.tls);
    server.on('session', (session) => {
      sessions.add(session);
      session.once('close', () => sessions.delete(session));
    });
  }
  return {
    server,
    retire() {
      for (const session of sessions) session.close();
    },
    async closeAll() {
      const ended = [...sessions].map(
        (session) => new Promise((end) => session.once('close', end)),
      );
      for (const session of sessions) session.close();
      const patience = new AbortController();
      await Promise.race([
        Promise.all(ended),
        setTimeout(goodbyeMs, undefined, { signal: patience.signal, ref: false }),
      ]);
      patience.abort();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** What Node's HTTP/1.1 is told; the strict parser is said outright, flags of Node's aside. */
function http1Limits(network: NetworkConfig) {
  return {
    insecureHTTPParser: false,
    requireHostHeader: true,
    joinDuplicateHeaders: false,
    // Fastify writes bodies of HEAD and 304 answers and counts on Node to leave them out.
    rejectNonStandardBodyWrites: false,
    maxHeaderSize: network.maxHeaderBytes,
    headersTimeout: network.headersTimeoutMs,
    requestTimeout: network.requestTimeoutMs,
    keepAliveTimeout: network.keepAliveTimeoutMs,
    // How late a slow client is found out at most.
    connectionsCheckingInterval: Math.min(1_000, network.headersTimeoutMs),
  };
}

function createTlsServer(
  network: NetworkConfig,
  tls: TlsMaterial,
  handle: RequestHandler,
): Http2SecureServer {
  const clients = network.tls;
  const server = createSecureServer({
    ...http1Limits(network),
    ...http2Limits(network),
    ...tls.context,
    allowHTTP1: true,
    handshakeTimeout: network.headersTimeoutMs,
    requestCert: clients?.clientCaFile !== undefined || clients?.selfSignedClients === true,
    // A certificate that nobody vouches for counts as none; most clients have none at all.
    rejectUnauthorized: false,
  });
  server.on('request', (request, response) => {
    if (request.httpVersionMajor === 2) limitBody(request.stream, network.requestTimeoutMs);
    // Node's HTTP/2 requests and answers stand in for those of HTTP/1.1, as Fastify takes them.
    handle(request as unknown as IncomingMessage, response as unknown as ServerResponse);
  });
  return server;
}
