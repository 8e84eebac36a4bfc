import { X509Certificate } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** The certificate by which a client proves itself, as @caregraph/network takes it. */
export interface ClientCertificate {
  readonly pem: string;
  /** One of the authorities that this server trusts vouches for it. */
  readonly authorized: boolean;
}

export type CertificateOf = (request: IncomingMessage) => ClientCertificate | undefined;

/** The subject as its client was registered, most special part first, e.g. `CN=lab,O=Example`. */
export function subjectOf(certificate: ClientCertificate | undefined): string | undefined {
  if (certificate === undefined) return undefined;
  return new X509Certificate(certificate.pem).subject.split('\n').reverse().join(',');
}
