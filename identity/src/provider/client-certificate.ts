import { X509Certificate } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';

/** The certificate that a client showed in its TLS handshake, and whether an authority signed it. */
export interface ClientCertificate {
  readonly pem: string;
  /** One of the authorities that this server trusts vouches for it. */
  readonly authorized: boolean;
}

export type CertificateOf = (request: IncomingMessage) => ClientCertificate | undefined;

/**
 * Reads it from the connection itself, never from a header: whoever reaches the port can write
 * headers.
 */
export function certificateOfSocket(request: IncomingMessage): ClientCertificate | undefined {
  const socket = socketOf(request);
  if (!(socket instanceof TLSSocket)) return undefined;
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return undefined;
  return { pem: certificate.toString(), authorized: socket.authorized };
}

/** Under HTTP/2 many requests share a session, whose socket has the certificate. */
function socketOf(request: IncomingMessage): unknown {
  const stream: unknown = Reflect.get(request, 'stream');
  if (typeof stream !== 'object' || stream === null) return request.socket;
  const session: unknown = Reflect.get(stream, 'session');
  if (typeof session !== 'object' || session === null) return request.socket;
  return Reflect.get(session, 'socket');
}

/** The subject as its client was registered, most special part first, e.g. `CN=lab,O=Example`. */
export function subjectOf(certificate: ClientCertificate | undefined): string | undefined {
  if (certificate === undefined) return undefined;
  return new X509Certificate(certificate.pem).subject.split('\n').reverse().join(',');
}
