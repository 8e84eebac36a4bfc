import { once } from 'node:events';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { X509Certificate, webcrypto } from 'node:crypto';
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';

/** Certificates made on the spot, and sockets that say what no proper client would. */

x509.cryptoProvider.set(webcrypto as never);

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

export interface Certificate {
  readonly cert: string;
  readonly key: string;
  readonly thumbprint: string;
  readonly issue: Issuer;
}

interface Issuer {
  readonly name: string;
  readonly keys: webcrypto.CryptoKeyPair;
}

interface CertificateOptions {
  /** Self-signed when left out. */
  readonly by?: Certificate;
  readonly expired?: boolean;
  readonly authority?: boolean;
}

/** A certificate for 127.0.0.1 and localhost, valid for an hour. */
export async function makeCertificate(
  commonName: string,
  { by, expired = false, authority = false }: CertificateOptions = {},
): Promise<Certificate> {
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, [
    'sign',
    'verify',
  ])) as webcrypto.CryptoKeyPair;
  const name = `CN=${commonName}`;
  const end = Date.now() + (expired ? -60_000 : 3_600_000);
  const made = await x509.X509CertificateGenerator.create({
    subject: name,
    issuer: by?.issue.name ?? name,
    notBefore: new Date(end - 7_200_000),
    notAfter: new Date(end),
    signingAlgorithm: algorithm,
    publicKey: keys.publicKey,
    signingKey: (by?.issue.keys ?? keys).privateKey,
    extensions: [
      new x509.BasicConstraintsExtension(authority, undefined, true),
      new x509.SubjectAlternativeNameExtension([
        { type: 'ip', value: '127.0.0.1' },
        { type: 'dns', value: 'localhost' },
      ]),
    ],
  });
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  const cert = made.toString('pem');
  const { raw } = new X509Certificate(cert);
  const digest = Buffer.from(await webcrypto.subtle.digest('SHA-256', raw));
  return {
    cert,
    key: `-----BEGIN PRIVATE KEY-----\n${pkcs8.toString('base64')}\n-----END PRIVATE KEY-----\n`,
    thumbprint: digest.toString('base64url'),
    issue: { name, keys },
  };
}

/** Writes a pair into a directory of its own, and gives what the configuration wants. */
export async function writePair({ cert, key }: Pick<Certificate, 'cert' | 'key'>) {
  const directory = await mkdtemp(join(tmpdir(), 'caregraph-tls-'));
  const files = { certFile: join(directory, 'tls.crt'), keyFile: join(directory, 'tls.key') };
  await Promise.all([writeFile(files.certFile, cert), writeFile(files.keyFile, key)]);
  return { directory, ...files };
}

export interface RawAnswer {
  readonly text: string;
  /** Status codes in the order they came. */
  readonly statuses: readonly number[];
}

/** Sends bytes on a plain socket and reads until the other side closes. */
export async function exchange(url: string, bytes: string | Buffer): Promise<RawAnswer> {
  const socket = open(url);
  await once(socket, 'connect');
  const closed = readAll(socket);
  socket.write(bytes);
  return closed;
}

export function open(url: string): Socket {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  // A reset is one way of being closed; tests look at what came before it.
  socket.on('error', () => {});
  return socket;
}

/** All that comes until the connection is closed; fails when it stays open. */
export async function readAll(socket: Socket, deadlineMs = 10_000): Promise<RawAnswer> {
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error(`the connection stayed open; so far: ${text}`));
    }, deadlineMs);
    socket.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
  });
  const statuses = [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, code]) => Number(code));
  return { text, statuses };
}

/** Waits for a condition, looking again and again. */
export async function until(holds: () => boolean | Promise<boolean>, deadlineMs = 10_000) {
  const deadline = Date.now() + deadlineMs;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error('what was waited for did not come');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
