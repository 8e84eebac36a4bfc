import { writeFile } from 'node:fs/promises';
import { connect as connectH2, type ClientHttp2Session } from 'node:http2';
import { request as httpsRequest, Agent } from 'node:https';
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createIdSource, systemClock } from '@caregraph/clock';
import { createLogger } from '@caregraph/observability';
import { defaultRouterConfig } from '../config.ts';
import { startStack, type Stack } from '../test-stack.ts';
import { createHttpServer } from './http-server.ts';
import { clientCertificateThumbprint } from '@caregraph/network';
import { defaultNetworkConfig, type TlsFiles } from '@caregraph/network';
import { makeCertificate, until, writePair, type Certificate } from '@caregraph/testbed/network';

/** The router with a certificate of its own, made on the spot. */

let server: Certificate;
let authority: Certificate;
let files: Awaited<ReturnType<typeof writePair>>;
let clientCaFile: string;
beforeAll(async () => {
  server = await makeCertificate('router');
  authority = await makeCertificate('partners', { authority: true });
  files = await writePair(server);
  clientCaFile = `${files.directory}/clients.crt`;
  await writeFile(clientCaFile, authority.cert);
});

const startTls = (tls: Partial<TlsFiles> = {}) =>
  startStack({
    config: {
      network: {
        ...defaultNetworkConfig,
        tls: { ...files, clientCaFile: undefined, selfSignedClients: false, pollMs: 20, ...tls },
      },
    },
  });

async function handshake(url: string, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const { port } = new URL(url);
  const socket = connectTls({ host: '127.0.0.1', port: Number(port), ca: server.cert, ...options });
  socket.on('error', () => {});
  await once(socket, 'secureConnect');
  return socket;
}

interface H2Answer {
  readonly headers: Record<string, unknown>;
  readonly text: string;
}

async function askH2(
  session: ClientHttp2Session,
  headers: Record<string, string>,
  body?: string,
): Promise<H2Answer> {
  const stream = session.request(headers, { endStream: body === undefined });
  if (body !== undefined) stream.end(body);
  const [answered] = (await once(stream, 'response')) as [Record<string, unknown>];
  let text = '';
  for await (const chunk of stream) text += String(chunk);
  return { headers: answered, text };
}

const post = (token: string) => ({
  ':method': 'POST',
  ':path': '/graphql',
  authorization: `Bearer ${token}`,
  'content-type': 'application/json',
});
const document = JSON.stringify({ query: '{ checkupCount }' });

interface H1Options {
  readonly cert?: string;
  readonly key?: string;
  readonly agent?: Agent;
}

async function askH1(
  stack: Stack,
  options: H1Options = {},
): Promise<{ status: number; version: string; headers: Record<string, unknown>; text: string }> {
  const request = httpsRequest(`${stack.url}/graphql`, {
    method: 'POST',
    ca: server.cert,
    headers: { authorization: `Bearer ${stack.token}`, 'content-type': 'application/json' },
    ...options,
  });
  request.end(document);
  const [answer] = (await once(request, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of answer) text += String(chunk);
  return {
    status: answer.statusCode ?? 0,
    version: answer.httpVersion,
    headers: answer.headers,
    text,
  };
}

describe('TLS 1.3', () => {
  let stack: Stack;
  beforeAll(async () => (stack = await startTls()));
  afterAll(() => stack.stop());

  test('the address says so', () => expect(stack.url).toMatch(/^https:/));

  test('HTTP/2 is spoken to those who can', async () => {
    const session = connectH2(stack.url, { ca: server.cert });
    const { headers, text } = await askH2(session, post(stack.token), document);
    expect(headers[':status']).toBe(200);
    expect(JSON.parse(text)).toEqual({ data: { checkupCount: 3 } });
    expect(headers['strict-transport-security']).toContain('max-age=31536000');
    expect(headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
    expect(session.alpnProtocol).toBe('h2');
    session.close();
  });

  test('HTTP/1.1 is spoken to those who cannot', async () => {
    const { status, version, headers, text } = await askH1(stack);
    expect({ status, version }).toEqual({ status: 200, version: '1.1' });
    expect(JSON.parse(text)).toEqual({ data: { checkupCount: 3 } });
    expect(headers['strict-transport-security']).toContain('max-age=31536000');
  });

  test('nothing older is spoken', async () => {
    const socket = await handshake(stack.url);
    expect(socket.getProtocol()).toBe('TLSv1.3');
    socket.destroy();
    await expect(handshake(stack.url, { maxVersion: 'TLSv1.2' })).rejects.toThrow(/version|alert/i);
  });

  test('plain HTTP is not', async () => {
    await expect(fetch(stack.url.replace('https:', 'http:'))).rejects.toThrow();
  });

  test.each([
    ['another name', { ':authority': 'evil.example' }],
    ['two names', { host: 'evil.example' }],
    ['an encoded slash', { ':path': '/x%2fgraphql' }],
    ['a fragment', { ':path': '/graphql#x' }],
  ])('%s is refused over HTTP/2 too', async (_name, changed) => {
    const session = connectH2(stack.url, { ca: server.cert });
    const { headers, text } = await askH2(session, { ...post(stack.token), ...changed }, document);
    expect(headers[':status']).toBe(400);
    expect(text).not.toContain('evil');
    session.destroy();
  });

  test('a stopping router lets a request of HTTP/2 finish, and says good-bye', async () => {
    let release = () => {};
    const waits = await startStack({
      clinical: { slow: () => new Promise<string>((done) => (release = () => done('late'))) },
      config: {
        network: {
          ...defaultNetworkConfig,
          tls: { ...files, clientCaFile: undefined, selfSignedClients: false, pollMs: 1_000 },
        },
      },
    });
    const session = connectH2(waits.url, { ca: server.cert });
    const parked = release;
    const answer = askH2(session, post(waits.token), JSON.stringify({ query: '{ slow }' }));
    await until(() => release !== parked);
    const goodbye = once(session, 'goaway');
    const stopped = waits.stop();
    await goodbye;
    release();
    expect(JSON.parse((await answer).text)).toEqual({ data: { slow: 'late' } });
    await stopped;
  });
});

describe('a new certificate', () => {
  test('is taken without dropping a connection; a broken one is not', async () => {
    const pair = await writePair(server);
    const stack = await startTls({ certFile: pair.certFile, keyFile: pair.keyFile });
    const session = connectH2(stack.url, { ca: server.cert });
    await askH2(session, post(stack.token), document);
    const shown = async () => {
      const socket = await handshake(stack.url, { rejectUnauthorized: false });
      const { fingerprint256 } = socket.getPeerCertificate();
      socket.destroy();
      return fingerprint256;
    };
    const first = await shown();
    // Not by their number: a file that is read while it is written is not usable either.
    const refusals = () => stack.log.filter((line) => line.includes('not usable')).length;

    const next = await makeCertificate('next');
    await writeFile(pair.certFile, next.cert);
    await until(() => refusals() > 0);
    expect(await shown()).toBe(first);

    await writeFile(pair.keyFile, next.key);
    await until(async () => (await shown()) !== first);
    const second = await shown();
    const before = refusals();
    await writeFile(pair.keyFile, 'no key at all');
    await until(() => refusals() > before);
    expect(await shown()).toBe(second);
    // TLS 1.3 stays the least after a change of the certificate.
    await expect(handshake(stack.url, { maxVersion: 'TLSv1.2' })).rejects.toThrow();

    const { headers } = await askH2(session, post(stack.token), document);
    expect(headers[':status']).toBe(200);
    expect(stack.log.join('')).not.toContain('PRIVATE KEY');
    session.close();
    await stack.stop();
  });

  test('a router does not start with a pair that does not fit', async () => {
    const other = await makeCertificate('other');
    const pair = await writePair({ cert: server.cert, key: other.key });
    await expect(startTls(pair)).rejects.toThrow(/key values mismatch/i);
    await expect(startTls({ certFile: `${files.directory}/none` })).rejects.toThrow(/ENOENT/);
  });
});

describe('client certificates', () => {
  type Shown = Pick<Certificate, 'cert' | 'key'> | undefined;

  /** What the router makes of a client's certificate, over both protocols. */
  async function seenOf(tls: Partial<TlsFiles>, shown: Shown) {
    const seen: (string | undefined)[] = [];
    const http = await createHttpServer({
      config: {
        ...defaultRouterConfig,
        network: {
          ...defaultNetworkConfig,
          tls: {
            ...files,
            clientCaFile: undefined,
            selfSignedClients: false,
            pollMs: 1_000,
            ...tls,
          },
        },
      },
      log: createLogger({ service: 'test', level: 'silent' }),
      clock: systemClock,
      ids: createIdSource(systemClock),
    });
    http.app.get('/who', async (request) => {
      seen.push(clientCertificateThumbprint(request), clientCertificateThumbprint(request));
      return {};
    });
    await http.app.listen({ host: '127.0.0.1', port: 0 });
    const { port } = http.app.server.address() as AddressInfo;
    const client = shown === undefined ? {} : { cert: shown.cert, key: shown.key };
    const session = connectH2(`https://127.0.0.1:${port}`, { ca: server.cert, ...client });
    await askH2(session, { ':path': '/who' });
    session.close();
    const agent = new Agent({ keepAlive: false });
    const request = httpsRequest(`https://127.0.0.1:${port}/who`, {
      ...{ agent, ca: server.cert },
      ...client,
    }).end();
    const [answer] = (await once(request, 'response')) as [IncomingMessage];
    answer.resume();
    await once(answer, 'end');
    await http.app.close();
    expect(seen).toHaveLength(4);
    expect(new Set(seen).size).toBe(1);
    return seen[0];
  }

  test('one of our authority counts', async () => {
    const client = await makeCertificate('partner', { by: authority });
    expect(await seenOf({ clientCaFile }, client)).toBe(client.thumbprint);
  });

  test('none is needed', async () => {
    expect(await seenOf({ clientCaFile }, undefined)).toBeUndefined();
  });

  test('none is asked for where none counts', async () => {
    const client = await makeCertificate('partner', { by: authority });
    expect(await seenOf({}, client)).toBeUndefined();
  });

  test('one of another authority, an expired one or a self-signed one does not count', async () => {
    const stranger = await makeCertificate('stranger', { authority: true });
    const posing = await makeCertificate('partners', { authority: true });
    for (const client of [
      await makeCertificate('partner', { by: stranger }),
      await makeCertificate('partner', { by: posing }),
      await makeCertificate('partner', { by: authority, expired: true }),
      await makeCertificate('partner'),
    ]) {
      expect(await seenOf({ clientCaFile }, client)).toBeUndefined();
    }
  });

  test('a self-signed one counts where they are taken, one of a stranger does not', async () => {
    const own = await makeCertificate('partner');
    const stranger = await makeCertificate('stranger', { authority: true });
    const theirs = await makeCertificate('partner', { by: stranger });
    expect(await seenOf({ selfSignedClients: true }, own)).toBe(own.thumbprint);
    expect(await seenOf({ selfSignedClients: true }, theirs)).toBeUndefined();
    const ours = await makeCertificate('partner', { by: authority });
    expect(await seenOf({ selfSignedClients: true, clientCaFile }, ours)).toBe(ours.thumbprint);
    expect(await seenOf({ selfSignedClients: true, clientCaFile }, own)).toBe(own.thumbprint);
  });
});
