import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Http2SecureServer } from 'node:http2';
import { TLSSocket } from 'node:tls';
import type { TlsFiles } from './network-config.ts';

/** How OpenSSL calls a certificate that nobody but itself has signed. */
const selfSigned = 'DEPTH_ZERO_SELF_SIGNED_CERT';

/** The certificate of a client that has proved to hold its key. */
export interface ClientCertificate {
  readonly pem: string;
  /** Its SHA-256 thumbprint, base64url (`x5t#S256`, RFC 8705 §3.1). */
  readonly thumbprint: string;
  /** An authority of TLS_CLIENT_CA_FILE vouches for it; otherwise it is self-signed. */
  readonly authorized: boolean;
}

/** By connection: the HTTP/2 session, or under HTTP/1.1 the socket. */
const certificates = new WeakMap<object, ClientCertificate>();

/**
 * The client certificate of a request, once TLS has proved that the client holds its key and it is
 * one that counts: an authority of TLS_CLIENT_CA_FILE vouches for it, or self-signed ones are taken
 * (RFC 8705 §2.2: then the token's binding alone decides). It comes from the connection, never from
 * a header: whoever reaches the port can write headers.
 *
 * @param raw Node's request, under Fastify `request.raw`
 * @returns undefined without one
 * @example clientCertificate(request.raw)?.authorized
 */
export function clientCertificate(raw: IncomingMessage): ClientCertificate | undefined {
  return certificates.get(sessionOf(raw) ?? raw.socket);
}

/**
 * The thumbprint of that certificate, as tokens are bound to it.
 *
 * @example clientCertificateThumbprint(request) // 'bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2'
 */
export function clientCertificateThumbprint({
  raw,
}: {
  readonly raw: IncomingMessage;
}): string | undefined {
  return clientCertificate(raw)?.thumbprint;
}

/** Remembers each connection's certificate; it stays, for TLS 1.3 has no renegotiation. */
export function noteClientCertificates(server: Http2SecureServer, tls: TlsFiles): void {
  server.on('secureConnection', (socket) => note(socket, socket, tls));
  server.on('session', (session) => note(session, session.socket, tls));
}

function note(connection: object, socket: object, tls: TlsFiles): void {
  // Under HTTP/2 the socket is a proxy of the real one, which passes instanceof.
  if (!(socket instanceof TLSSocket)) return;
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return;
  const authorized = tls.clientCaFile !== undefined && socket.authorized;
  const standsAlone = tls.selfSignedClients && String(socket.authorizationError) === selfSigned;
  if (!authorized && !standsAlone) return;
  const thumbprint = createHash('sha256').update(certificate.raw).digest('base64url');
  certificates.set(connection, { pem: certificate.toString(), thumbprint, authorized });
}

function sessionOf(raw: object): object | undefined {
  if (!('stream' in raw)) return undefined;
  const { stream } = raw;
  if (typeof stream !== 'object' || stream === null || !('session' in stream)) return undefined;
  return typeof stream.session === 'object' ? (stream.session ?? undefined) : undefined;
}
