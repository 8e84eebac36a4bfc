import { rm } from 'node:fs/promises';
import { request } from 'node:https';
import { once } from 'node:events';
import { afterEach, describe, expect, test } from 'vitest';
import { createIdSource, systemClock as clock } from '@caregraph/clock';
import { Fault } from '@caregraph/fault';
import { createLogger } from '@caregraph/observability';
import { exchange, makeCertificate, open, readAll, writePair } from '@caregraph/testbed/network';
import {
  clientCertificate,
  createErrorAnswer,
  createNetworkServer,
  defaultNetworkConfig,
  installDrain,
  listen,
  type NetworkConfig,
  type NetworkServer,
  type WriteError,
} from './index.ts';

/** A process of its own shape: what it refuses is plain text. */

const writeError: WriteError = ({ code, reason = '-', requestId }) => ({
  type: 'text/plain; charset=utf-8',
  body: `${code} ${reason} ${requestId.length}`,
});
const ids = createIdSource(clock);
const log = createLogger({ service: 'test', level: 'silent' });
const servers: NetworkServer[] = [];
afterEach(() => Promise.all(servers.splice(0).map(({ app }) => app.close())));

async function start(network: Partial<NetworkConfig> = {}) {
  const config = { ...defaultNetworkConfig, ...network };
  const at = { host: '127.0.0.1', network: config };
  const server = await createNetworkServer({
    ...{ ...at, bodyLimitBytes: 64, writeError, log, clock, ids },
  });
  servers.push(server);
  const { app } = server;
  app.post('/echo', (asked) => asked.body);
  app.get('/fault', () => Promise.reject(new Fault('RATE_LIMITED')));
  app.get('/broken', () => Promise.reject(new Error('the name of a patient')));
  app.get('/certificate', (asked) => clientCertificate(asked.raw) ?? { none: true });
  return { ...server, at, listen: (port = 0) => listen(app, { ...at, port }) };
}

const textOf = async (asked: Promise<Response>) => {
  const answer = await asked;
  return [answer.status, await answer.text()] as const;
};

describe('every refusal is worded by the process', () => {
  test('of routes, of Fastify, and of what threw', async () => {
    const url = await (await start()).listen();
    const json = { 'content-type': 'application/json' };
    const send = (body: string, headers: Record<string, string> = json) =>
      textOf(fetch(`${url}/echo`, { method: 'POST', headers, body }));
    expect(await textOf(fetch(`${url}/nothing`))).toEqual([404, 'NOT_FOUND - 36']);
    expect(await textOf(fetch(`${url}/fault`))).toEqual([429, 'RATE_LIMITED - 36']);
    expect(await textOf(fetch(`${url}/broken`))).toEqual([500, 'INTERNAL - 36']);
    expect(await send('{')).toEqual([400, 'BAD_REQUEST MALFORMED_JSON 36']);
    expect(await send(JSON.stringify('x'.repeat(65)))).toEqual([413, 'BODY_TOO_LARGE - 36']);
    expect(await send('x', { 'content-type': 'text/plain' })).toEqual([
      415,
      'UNSUPPORTED_MEDIA_TYPE - 36',
    ]);
    const foreign = { ...json, origin: 'https://evil.example' };
    expect(await send('{}', foreign)).toEqual([403, 'FORBIDDEN ORIGIN_REFUSED 36']);
    expect(await send('{}')).toEqual([200, '{}']);
  });

  test('of bytes that are no request, and of requests with two readings', async () => {
    const url = await (await start()).listen();
    const { text: unread } = await exchange(url, 'HELLO\r\n\r\n');
    expect(unread).toContain('400 Bad Request');
    expect(unread).toContain('BAD_REQUEST - 36');
    const evil = 'GET /fault HTTP/1.1\r\nHost: evil.example\r\n\r\n';
    const { text: renamed } = await exchange(url, evil);
    expect(renamed).toContain('BAD_REQUEST HOST_REFUSED 36');
    for (const text of [unread, renamed]) {
      expect(text.toLowerCase()).toContain('x-content-type-options: nosniff');
      expect(text.toLowerCase()).not.toMatch(/\r\nserver:/);
    }
  });
});

test('a page of a named origin may write', async () => {
  const url = await (await start({ allowedOrigins: ['https://app.test'] })).listen();
  const headers = { 'content-type': 'application/json', origin: 'https://app.test' };
  const asked = fetch(`${url}/echo`, { method: 'POST', headers, body: '{}' });
  expect((await asked).status).toBe(200);
});

test('a slow client is closed', async () => {
  const url = await (await start({ headersTimeoutMs: 100, requestTimeoutMs: 200 })).listen();
  const socket = open(url);
  socket.write('POST /echo HTTP/1.1\r\nHost: 127.0.0.1\r\n');
  expect((await readAll(socket)).statuses).toEqual([408]);
});

test('a taken port and plain HTTP beyond this machine are refused by name', async () => {
  const url = await (await start()).listen();
  const second = await start();
  await expect(second.listen(Number(new URL(url).port))).rejects.toMatchObject({
    code: 'PORT_TAKEN',
  });
  const abroad = { host: '0.0.0.0', network: defaultNetworkConfig, bodyLimitBytes: 64 };
  await expect(
    createNetworkServer({ ...abroad, writeError, log, clock, ids }),
  ).rejects.toMatchObject({ code: 'PLAIN_HTTP_REFUSED' });
});

test('who drains finishes what is under way and takes nothing new', async () => {
  const { app, listen: listenHere } = await start();
  const { drain } = installDrain(app, createErrorAnswer(writeError));
  let letGo = () => {};
  const held = new Promise<void>((resolve) => (letGo = resolve));
  let entered = () => {};
  const under = new Promise<void>((resolve) => (entered = resolve));
  app.get('/slow', async () => {
    entered();
    await held;
    return 'done';
  });
  const url = await listenHere();
  const slow = textOf(fetch(`${url}/slow`));
  await under;
  const drained = drain(10_000);
  expect(await textOf(fetch(`${url}/fault`))).toEqual([503, 'DRAINING - 36']);
  letGo();
  expect(await slow).toEqual([200, 'done']);
  await drained;
});

test('a client certificate counts when it is vouched for or self-signed ones are taken', async () => {
  const server = await makeCertificate('server');
  const { directory, ...files } = await writePair(server);
  const own = await makeCertificate('client');
  for (const selfSignedClients of [true, false]) {
    const tls = { ...files, clientCaFile: files.certFile, selfSignedClients, pollMs: 60_000 };
    const url = await (await start({ tls })).listen();
    expect(url).toMatch(/^https:/);
    const asked = request(`${url}/certificate`, { ca: server.cert, cert: own.cert, key: own.key });
    asked.end();
    const [answer] = (await once(asked, 'response')) as [AsyncIterable<Buffer>];
    let text = '';
    for await (const chunk of answer) text += chunk.toString();
    const expected = { thumbprint: own.thumbprint, authorized: false };
    expect(JSON.parse(text)).toMatchObject(selfSignedClients ? expected : { none: true });
  }
  await rm(directory, { recursive: true });
});
