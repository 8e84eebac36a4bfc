import { once } from 'node:events';
import {
  connect as connectH2,
  constants,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type Http2SecureServer,
} from 'node:http2';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startStack, type Stack } from '../test-stack.ts';
import { defaultNetworkConfig, type NetworkConfig } from '@caregraph/network';
import { makeCertificate, open, readAll, until, writePair } from '@caregraph/testbed/network';

/** Clients that hold what others need, with short patience so that the tests are short. */

const patience = {
  ...defaultNetworkConfig,
  headersTimeoutMs: 150,
  requestTimeoutMs: 300,
  answerTimeoutMs: 600,
  idleTimeoutMs: 5_000,
  keepAliveTimeoutMs: 100,
};
const large = 'x'.repeat(32 * 1_048_576);

let ca: string;
let files: Awaited<ReturnType<typeof writePair>>;
const stacks: Stack[] = [];
beforeAll(async () => {
  const certificate = await makeCertificate('router');
  ca = certificate.cert;
  files = await writePair(certificate);
});
afterEach(async () => {
  await Promise.all(stacks.splice(0).map((stack) => stack.stop()));
});
afterAll(() => expect(stacks).toEqual([]));

async function start(network: Partial<NetworkConfig> = {}): Promise<Stack> {
  const stack = await startStack({
    clinical: { slow: () => large },
    config: { network: { ...patience, ...network } },
  });
  stacks.push(stack);
  return stack;
}

const startTls = (network: Partial<NetworkConfig> = {}) =>
  start({
    tls: { ...files, clientCaFile: undefined, selfSignedClients: false, pollMs: 60_000 },
    ...network,
  });

/** How many connections the router holds. */
const connections = (stack: Stack) =>
  new Promise<number>((resolve, reject) =>
    stack.router.app.server.getConnections((error, count) =>
      error ? reject(error) : resolve(count),
    ),
  );

const head = (stack: Stack, line = 'POST /graphql') =>
  `${line} HTTP/1.1\r\nHost: ${new URL(stack.url).host}\r\nAuthorization: Bearer ${stack.token}\r\n`;

describe('HTTP/1.1', () => {
  test('a connection that says nothing is closed', async () => {
    const stack = await start();
    const { statuses } = await readAll(open(stack.url));
    expect(statuses.filter((status) => status !== 408)).toEqual([]);
  });

  test('headers that trickle are cut off with 408', async () => {
    const stack = await start();
    const socket = open(stack.url);
    socket.write(head(stack));
    const drip = setInterval(() => socket.write('X-A: b\r\n'), 40);
    const { statuses } = await readAll(socket);
    clearInterval(drip);
    expect(statuses).toEqual([408]);
  });

  test('a body that trickles is cut off with 408', async () => {
    const stack = await start();
    const socket = open(stack.url);
    socket.write(
      `${head(stack)}Content-Type: application/json\r\nContent-Length: 100000\r\n\r\n{"query": "`,
    );
    const drip = setInterval(() => socket.write('x'), 40);
    const { statuses } = await readAll(socket);
    clearInterval(drip);
    expect(statuses).toEqual([408]);
  });

  test('an idle connection is closed after its answer', async () => {
    const stack = await start();
    const socket = open(stack.url);
    socket.write(`GET /healthz HTTP/1.1\r\nHost: ${new URL(stack.url).host}\r\n\r\n`);
    expect((await readAll(socket)).statuses).toEqual([200]);
  });

  test('a client that never reads its answer is closed, also one that reads drop by drop', async () => {
    const stack = await start();
    const body = JSON.stringify({ query: '{ slow }' });
    const ask = () => {
      const socket = open(stack.url);
      socket.write(
        `${head(stack)}Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      );
      socket.pause();
      return socket;
    };
    const deaf = ask();
    const dripping = ask();
    const drip = setInterval(() => dripping.read(100), 40);
    await until(async () => (await connections(stack)) >= 2);
    await until(async () => (await connections(stack)) === 0);
    clearInterval(drip);
    deaf.destroy();
    dripping.destroy();
  });

  test('a connection on which nothing moves is closed', async () => {
    const stack = await start({ idleTimeoutMs: 200, answerTimeoutMs: 60_000 });
    const body = JSON.stringify({ query: '{ slow }' });
    const socket = open(stack.url);
    socket.write(
      `${head(stack)}Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    socket.pause();
    await until(async () => (await connections(stack)) > 0);
    await until(async () => (await connections(stack)) === 0);
    socket.destroy();
  });

  test('connections beyond the limit are not taken, and later ones are again', async () => {
    const stack = await start({
      maxConnections: 2,
      headersTimeoutMs: 5_000,
      requestTimeoutMs: 5_000,
    });
    const held = [open(stack.url), open(stack.url)];
    await Promise.all(held.map((socket) => once(socket, 'connect')));
    const third = open(stack.url);
    expect((await readAll(third)).text).toBe('');
    for (const socket of held) socket.destroy();
    await until(() =>
      fetch(`${stack.url}/healthz`).then(
        (answer) => answer.ok,
        () => false,
      ),
    );
  });

  test('a connection serves so many requests, then no more', async () => {
    const stack = await start({ maxRequestsPerConnection: 2, keepAliveTimeoutMs: 5_000 });
    const socket = open(stack.url);
    const request = `GET /healthz HTTP/1.1\r\nHost: ${new URL(stack.url).host}\r\n\r\n`;
    socket.write(request + request + request);
    const { statuses, text } = await readAll(socket);
    expect(statuses.filter((status) => status === 200)).toHaveLength(2);
    expect(text).toMatch(/connection: close/i);
  });
});

describe('HTTP/2', () => {
  function dial(stack: Stack): ClientHttp2Session {
    // An attacker's own library would not stop it from asking; Node's does at ten.
    const unbound = { maxOutstandingSettings: 100_000 };
    const session = connectH2(stack.url, { ca, ...unbound });
    session.on('error', () => {});
    return session;
  }
  /** `once` would fail on the error that comes before. */
  const closed = (ends: ClientHttp2Session | ClientHttp2Stream) =>
    new Promise<void>((resolve) => ends.once('close', () => resolve()));
  const ask = (session: ClientHttp2Session, headers: Record<string, string>, endStream = true) => {
    const stream = session.request(headers, { endStream });
    stream.on('error', () => {});
    return stream;
  };
  const health = { ':path': '/healthz' };
  const posted = (stack: Stack) => ({
    ':method': 'POST',
    ':path': '/graphql',
    authorization: `Bearer ${stack.token}`,
    'content-type': 'application/json',
  });

  test('a session that asks for nothing is closed', async () => {
    await closed(dial(await startTls()));
  });

  test('a session on which nothing moves is closed', async () => {
    const session = dial(await startTls({ idleTimeoutMs: 200 }));
    const stream = ask(session, health);
    stream.resume();
    await closed(session);
  });

  test('a handshake that does not go on is cut off', async () => {
    const stack = await startTls();
    await readAll(open(stack.url.replace('https:', 'http:')));
  });

  test('a body that trickles is cut off', async () => {
    const stack = await startTls();
    const session = dial(stack);
    const stream = ask(session, posted(stack), false);
    const drip = setInterval(() => stream.write('x'), 40);
    await closed(stream);
    clearInterval(drip);
    expect(stream.rstCode).toBe(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    session.destroy();
  });

  test('an answer that is not read is given up', async () => {
    const stack = await startTls();
    let ended = false;
    // The types of the application know a server of HTTP/1.1 only.
    const server = stack.router.app.server as unknown as Http2SecureServer;
    server.on('stream', (served) => served.once('close', () => (ended = true)));
    const session = dial(stack);
    const stream = ask(session, posted(stack), false);
    stream.end(JSON.stringify({ query: '{ slow }' }));
    stream.pause();
    await once(stream, 'response');
    // A session on which something moves is not idle.
    const chatter = setInterval(() => session.destroyed || session.ping(() => {}), 300);
    await until(() => ended);
    clearInterval(chatter);
    expect(session.destroyed).toBe(false);
    session.destroy();
  });

  test('rapid reset (CVE-2023-44487) ends the session, and others are served', async () => {
    const stack = await startTls();
    const session = dial(stack);
    await once(session, 'remoteSettings');
    let served = 0;
    const server = stack.router.app.server as unknown as Http2SecureServer;
    server.on('stream', () => (served += 1));
    const flood = setInterval(() => {
      for (let n = 0; n < 20 && !session.closed && !session.destroyed; n += 1) {
        const stream = ask(session, posted(stack), false);
        // Withdrawn before it is sent, it would never be sent.
        setImmediate(() => stream.close(constants.NGHTTP2_CANCEL));
      }
    }, 5);
    await until(() => served > 0);
    await until(async () => (await connections(stack)) === 0);
    clearInterval(flood);
    session.destroy();
    expect(served).toBeLessThan(1_000);
    const other = dial(stack);
    const [headers] = (await once(ask(other, health).resume(), 'response')) as [
      Record<string, unknown>,
    ];
    expect(headers[':status']).toBe(200);
    other.destroy();
  });

  test.each([
    ['PING (CVE-2019-9512)', (session: ClientHttp2Session) => session.ping(() => {})],
    [
      'SETTINGS (CVE-2019-9515)',
      (session: ClientHttp2Session) => session.settings({ initialWindowSize: 65_535 }),
    ],
  ])('a flood of %s ends the session', async (_name, send) => {
    const session = dial(await startTls({ headersTimeoutMs: 60_000, requestTimeoutMs: 60_000 }));
    await once(session, 'remoteSettings');
    const end = closed(session);
    const flood = setInterval(() => {
      for (let n = 0; n < 10 && !session.destroyed && !session.closed; n += 1) {
        try {
          send(session);
        } catch {
          // Node bounds what it holds itself; the next tick sends more.
        }
      }
    }, 1);
    await end;
    clearInterval(flood);
  });

  test('a session gets so many streams at once, and no more in its life than it may', async () => {
    const stack = await startTls({ maxRequestsPerConnection: 3 });
    const session = dial(stack);
    const [settings] = (await once(session, 'remoteSettings')) as [
      { maxConcurrentStreams: number },
    ];
    expect(settings.maxConcurrentStreams).toBe(100);
    const goodbye = once(session, 'goaway');
    for (let n = 0; n < 3; n += 1) await once(ask(session, health).resume(), 'end');
    await goodbye;
    session.destroy();
  });

  test('headers without end are refused', async () => {
    const stack = await startTls();
    const session = dial(stack);
    const many = Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`x-${n}`, 'y']));
    const stream = ask(session, { ...health, ...many });
    stream.resume();
    await Promise.race([closed(stream), closed(session)]);
    expect(stream.sentHeaders[':path']).toBe('/healthz');
    expect(stream.rstCode).not.toBe(constants.NGHTTP2_NO_ERROR);
    session.destroy();
  });
});
