import { createHmac, createPrivateKey, sign, type JsonWebKey } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { SigningKey } from '@caregraph/access';

/** Makes tokens that no honest library would make. Parts are text, so that they may be malformed. */
export const encode = (part: unknown): string =>
  Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url');

export function decode(segment: string | undefined): Record<string, unknown> {
  // Tests decode what the stack itself signed.
  return JSON.parse(Buffer.from(segment ?? '', 'base64url').toString()) as Record<string, unknown>;
}

/** The parts of a token, decoded. */
export function opened(token: string) {
  const [header, payload, signature = ''] = token.split('.');
  return { header: decode(header), payload: decode(payload), signature };
}

/** Signs as a holder of the private key would, whatever the header says. */
export function signed(header: unknown, payload: unknown, { privateJwk }: SigningKey): string {
  const content = `${encode(header)}.${encode(payload)}`;
  const key = createPrivateKey({ key: privateJwk as JsonWebKey, format: 'jwk' });
  const bytes = sign('sha256', Buffer.from(content), { key, dsaEncoding: 'ieee-p1363' });
  return `${content}.${bytes.toString('base64url')}`;
}

/** "Signs" with a secret that everybody knows: the public key. */
export function hmacSigned(header: unknown, payload: unknown, secret: string | Buffer): string {
  const content = `${encode(header)}.${encode(payload)}`;
  return `${content}.${createHmac('sha256', secret).update(content).digest('base64url')}`;
}

/** Another spelling of the same bytes: the bits after the last whole byte are not zero. */
export function withTrailingBits(segment: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  if (segment.length % 4 === 0) throw new Error('this segment has no unused bits');
  const last = alphabet.indexOf(segment.at(-1) ?? '');
  return `${segment.slice(0, -1)}${alphabet.charAt(last + 1)}`;
}

/** A key server of the attacker, on this machine, that counts who comes. */
export async function attackersKeys(key: SigningKey) {
  const visits: string[] = [];
  const server = createServer((request, response) => {
    visits.push(request.url ?? '');
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ keys: [key.publicJwk] }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // A server that listens on a port has an address with one.
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/jwks.json`,
    visits,
    stop: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}
