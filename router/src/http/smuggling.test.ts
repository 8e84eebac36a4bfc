import { connect } from 'node:net';
import { once } from 'node:events';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startStack, type Stack } from '../test-stack.ts';
import { exchange, open, until } from '@caregraph/testbed/network';

/** Requests that two machines in a row could read differently. */

let stack: Stack;
let runs = 0;
beforeAll(async () => {
  stack = await startStack({ clinical: { Query: undefined, checkupCount: () => ++runs } });
});
afterAll(() => stack.stop());
beforeEach(() => (runs = 0));

const host = () => new URL(stack.url).host;
const asker = () => `Host: ${host()}\r\nAuthorization: Bearer ${stack.token}\r\n`;
const document = JSON.stringify({ query: '{ checkupCount }' });
const plainPost = (extra = '', body = document) =>
  `POST /graphql HTTP/1.1\r\n${asker()}Content-Type: application/json\r\n${extra}\r\n${body}`;
/** What an attacker hides; it would count if it were run. */
const hidden = () => plainPost(`Connection: close\r\n${length()}`);
const length = (body = document) => `Content-Length: ${Buffer.byteLength(body)}\r\n`;
const chunked = (body = document) =>
  `${Buffer.byteLength(body).toString(16)}\r\n${body}\r\n0\r\n\r\n`;

test('the hidden request is one that runs when it is not hidden', async () => {
  expect((await exchange(stack.url, hidden())).statuses).toEqual([200]);
  expect(runs).toBe(1);
});

test('plain framing is served, whatever the case of chunked', async () => {
  const close = 'Connection: close\r\n';
  for (const request of [
    plainPost(`${close}${length()}`),
    plainPost(`${close}Transfer-Encoding: chunked\r\n`, chunked()),
    plainPost(`${close}Transfer-Encoding: Chunked\r\n`, chunked()),
  ]) {
    expect((await exchange(stack.url, request)).statuses).toEqual([200]);
  }
  expect(runs).toBe(3);
});

describe('framing', () => {
  const both = `Transfer-Encoding: chunked\r\n${length()}`;
  test.each<[string, () => string]>([
    ['length and chunked', () => plainPost(both, chunked())],
    ['chunked and length', () => plainPost(`${length()}Transfer-Encoding: chunked\r\n`)],
    ['two lengths', () => plainPost(`${length()}Content-Length: 0\r\n`)],
    ['the same length twice', () => plainPost(`${length()}${length()}`)],
    ['a list of lengths', () => plainPost(`Content-Length: 28, 28\r\n`)],
    ['a length with a sign', () => plainPost('Content-Length: +28\r\n')],
    ['a negative length', () => plainPost('Content-Length: -1\r\n')],
    ['a hexadecimal length', () => plainPost('Content-Length: 0x1c\r\n')],
    ['a length beyond numbers', () => plainPost('Content-Length: 99999999999999999999999\r\n')],
    ['a length larger than is taken', () => plainPost('Content-Length: 999999999999\r\n')],
    ['an unknown coding', () => plainPost('Transfer-Encoding: xchunked\r\n', chunked())],
    ['a coding before chunked', () => plainPost('Transfer-Encoding: gzip, chunked\r\n', chunked())],
    ['a coding after chunked', () => plainPost('Transfer-Encoding: chunked, gzip\r\n', chunked())],
    ['identity', () => plainPost('Transfer-Encoding: identity, chunked\r\n', chunked())],
    [
      'two codings',
      () => plainPost('Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n', chunked()),
    ],
    ['quoted chunked', () => plainPost('Transfer-Encoding: "chunked"\r\n', chunked())],
    [
      'chunked after a vertical tab',
      () => plainPost('Transfer-Encoding: \vchunked\r\n', chunked()),
    ],
    ['a space before the colon', () => plainPost('Transfer-Encoding : chunked\r\n', chunked())],
    ['a folded coding', () => plainPost('Transfer-Encoding:\r\n chunked\r\n', chunked())],
    ['a folded header', () => plainPost(`X-A: b\r\n c: d\r\n${length()}`)],
    ['a header before the first', () => `POST /graphql HTTP/1.1\r\n X: y\r\n${asker()}\r\n`],
    ['a bare line feed', () => plainPost(`X-A: b\n${length()}`)],
    ['a bare carriage return', () => plainPost(`X-A: b\rX-B: c\r\n${length()}`)],
    ['a NUL in a header', () => plainPost(`X-A: b\0\r\n${length()}`)],
    ['a negative chunk', () => plainPost('Transfer-Encoding: chunked\r\n', `-3\r\n${document}`)],
    ['a chunk with 0x', () => plainPost('Transfer-Encoding: chunked\r\n', `0x3\r\n${document}`)],
    [
      'a huge chunk',
      () => plainPost('Transfer-Encoding: chunked\r\n', `fffffffffffffffff\r\n${document}`),
    ],
    [
      'a chunk ended by a line feed',
      () => plainPost('Transfer-Encoding: chunked\r\n', chunked().replaceAll('\r\n', '\n')),
    ],
    [
      'a chunk longer than said',
      () => plainPost('Transfer-Encoding: chunked\r\n', `2\r\n${document}\r\n0\r\n\r\n`),
    ],
    [
      'a flood of chunk extensions',
      () =>
        plainPost(
          'Transfer-Encoding: chunked\r\n',
          `1;${'a'.repeat(20_000)}\r\n{\r\n${chunked(document.slice(1))}`,
        ),
    ],
    [
      'chunked in HTTP/1.0',
      () => plainPost('Transfer-Encoding: chunked\r\n', chunked()).replace('/1.1', '/1.0'),
    ],
    [
      'a GET with a body',
      () => `GET /graphql HTTP/1.1\r\n${asker()}Content-Length: 5\r\n\r\nabcde`,
    ],
    ['an unknown version', () => plainPost(length()).replace('/1.1', '/1.2')],
    ['the preface of HTTP/2', () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ])('%s is refused, and what follows is not run', async (_name, request) => {
    const { statuses, text } = await exchange(stack.url, `${request()}${hidden()}`);
    expect(statuses).toHaveLength(1);
    expect(statuses[0]).toBeGreaterThanOrEqual(400);
    expect(statuses[0]).toBeLessThan(500);
    expect(text).toContain('x-request-id: ');
    expect(text).toContain('x-content-type-options: nosniff');
    expect(text).not.toMatch(/HPE_|Parse Error|llhttp|node:|stack/);
    expect(runs).toBe(0);
  });

  test('a request inside a body stays a body', async () => {
    const body = hidden();
    const { statuses } = await exchange(
      stack.url,
      plainPost(`Connection: close\r\n${length(body)}`, body),
    );
    expect(statuses).toEqual([400]);
    expect(runs).toBe(0);
  });

  test('a request inside a body that nobody may send stays a body', async () => {
    const body = hidden();
    const denied = `POST /graphql HTTP/1.1\r\nHost: ${host()}\r\nContent-Type: application/json\r\n${length(body)}\r\n${body}`;
    const last = `GET /healthz HTTP/1.1\r\nHost: ${host()}\r\nConnection: close\r\n\r\n`;
    expect((await exchange(stack.url, denied + last)).statuses).toEqual([401, 200]);
    expect(runs).toBe(0);
  });

  test('an answer to broken bytes is not taken for that to a request under way', async () => {
    let release = () => {};
    const waits = await startStack({
      clinical: { slow: () => new Promise<string>((done) => (release = () => done('late'))) },
    });
    const { host: at } = new URL(waits.url);
    const socket = connect({ host: '127.0.0.1', port: Number(new URL(waits.url).port) });
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
    const closed = once(socket, 'close');
    const before = waits.log.length;
    const body = JSON.stringify({ query: '{ slow }' });
    socket.write(
      `POST /graphql HTTP/1.1\r\nHost: ${at}\r\nAuthorization: Bearer ${waits.token}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    const parked = release;
    await until(() => release !== parked);
    socket.write('NOT HTTP\r\n\r\n');
    // Long enough for an answer to the broken bytes, were there one: it would come first.
    await fetch(`${waits.url}/healthz`);
    expect(text).toBe('');
    release();
    await closed;
    expect(text).toMatch(/^HTTP\/1\.1 200 /);
    expect(text).toContain('"late"');
    expect(text.match(/HTTP\/1\.1/g)).toHaveLength(1);
    expect(waits.log.slice(before).join('')).not.toContain('NOT HTTP');
    await waits.stop();
  });
});

describe('headers that decide', () => {
  test.each([
    ['Authorization', () => `Bearer ${stack.token}`],
    ['Content-Type', () => 'application/json'],
    ['DPoP', () => 'x'],
    ['X-Break-Glass', () => 'x'],
    ['X-Purpose', () => 'treatment'],
    ['X-Request-Id', () => 'x'],
    ['Host', () => host()],
    ['Origin', () => 'https://a.test'],
  ])('%s twice is refused', async (name, value) => {
    const rest = `Connection: close\r\n${length()}`;
    const twice = `${name}: ${value()}\r\n${name.toLowerCase()}: ${value()}\r\n`;
    const { statuses, text } = await exchange(stack.url, plainPost(`${twice}${rest}`));
    expect(statuses).toEqual([400]);
    if (name !== 'Host') expect(text).toContain('HEADER_REPEATED');
    expect(runs).toBe(0);
  });

  test('no Host, or another, is refused', async () => {
    for (const line of [
      '',
      'Host: evil.example\r\n',
      'Host: localhost.evil.example\r\n',
      'Host:\r\n',
    ]) {
      const request = hidden().replace(/Host: .*\r\n/, line);
      expect((await exchange(stack.url, request)).statuses, line).toEqual([400]);
    }
    const old = hidden()
      .replace(/Host: .*\r\n/, '')
      .replace('/1.1', '/1.0');
    expect((await exchange(stack.url, old)).statuses).toEqual([400]);
    expect(runs).toBe(0);
  });

  test('probes of the platform may come by address', async () => {
    const probe = 'GET /healthz HTTP/1.1\r\nHost: 10.1.2.3:4000\r\nConnection: close\r\n\r\n';
    expect((await exchange(stack.url, probe)).statuses).toEqual([200]);
  });

  test('too many headers are refused, and none is dropped in silence', async () => {
    const many = Array.from({ length: 100 }, (_, n) => `X-${n}: 1\r\n`).join('');
    const last = `${many}Content-Length: 0\r\n`;
    const { statuses } = await exchange(stack.url, `${plainPost(last, '')}${hidden()}`);
    expect(statuses).toHaveLength(1);
    expect([400, 431]).toContain(statuses[0]);
    expect(runs).toBe(0);
  });

  test('headers that are too large are refused with 431', async () => {
    const { statuses } = await exchange(stack.url, plainPost(`X-A: ${'a'.repeat(20_000)}\r\n`));
    expect(statuses).toEqual([431]);
  });

  test('a GET stays a GET, whatever its override says', async () => {
    for (const name of ['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override']) {
      const mutation = encodeURIComponent('mutation { renamePatient(id: "1", name: "x") { id } }');
      const answer = await fetch(`${stack.url}/graphql?query=${mutation}&_method=POST`, {
        headers: {
          authorization: `Bearer ${stack.token}`,
          'apollo-require-preflight': '1',
          [name]: 'POST',
        },
      });
      expect(answer.status, name).toBe(405);
    }
  });

  test('a token in a trailer is none', async () => {
    const body = `${chunked().slice(0, -2)}Authorization: Bearer ${stack.token}\r\n\r\n`;
    const request = plainPost('Trailer: Authorization\r\nTransfer-Encoding: chunked\r\n', body);
    const without = request.replace(/Authorization: Bearer .*\r\n/, 'Connection: close\r\n');
    expect((await exchange(stack.url, without)).statuses).toEqual([401]);
    expect(runs).toBe(0);
  });
});

describe('addresses', () => {
  test.each([
    'http://evil.example/graphql',
    'https://localhost/graphql',
    '//evil.example/graphql',
    '//graphql',
    '/graphql#fragment',
    '/healthz#/graphql',
    '/healthz%2f..%2fgraphql',
    '/explorer/%2e%2e%2fgraphql',
    '/explorer%5c..%5cgraphql',
    '/explorer\\..\\graphql',
    '/graphql;v=1',
    '/graphql%00',
    '/graphql%0a',
    '/graphql%zz',
    '/graphql%',
    '/%c0%afgraphql',
    '/explorer/../graphql',
    '/./graphql',
    '/%2e/graphql',
    '*',
    'graphql',
    'localhost:80',
  ])('%s is refused', async (target) => {
    const request = hidden().replace(/^POST \/graphql/, `POST ${target}`);
    const { statuses, text } = await exchange(stack.url, `${request}${hidden()}`);
    expect(statuses).toEqual([400]);
    expect(text).not.toContain('evil.example');
    expect(runs).toBe(0);
  });

  test.each(['/graphql/', '/GRAPHQL', '/graphql/x'])('%s is not found', async (target) => {
    const request = hidden().replace(/^POST \/graphql/, `POST ${target}`);
    expect((await exchange(stack.url, request)).statuses).toEqual([404]);
    expect(runs).toBe(0);
  });

  test.each(['CONNECT', 'TRACE', 'PUT', 'DELETE', 'PATCH'])('%s runs nothing', async (method) => {
    const request = hidden().replace(/^POST/, method);
    const { statuses } = await exchange(stack.url, request);
    expect(statuses.every((status) => status >= 400)).toBe(true);
    expect(runs).toBe(0);
  });

  test('an upgrade is not taken', async () => {
    const upgrade = 'Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\nConnection: Upgrade\r\n';
    const request = hidden().replace('Connection: close\r\n', upgrade);
    const socket = open(stack.url);
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
    socket.write(request);
    await until(() => text.includes('checkupCount'));
    socket.destroy();
    expect(text).not.toContain('101 ');
  });
});
