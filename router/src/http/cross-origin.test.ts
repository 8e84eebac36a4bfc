import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startStack, type Stack } from '../test-stack.ts';
import { defaultNetworkConfig } from '@caregraph/network';

/** Pages of other origins: one is allowed, the rest is not. */

const allowed = 'https://app.caregraph.test';
const evil = 'https://evil.example';

let stack: Stack;
let runs = 0;
beforeAll(async () => {
  stack = await startStack({
    clinical: { checkupCount: () => ++runs },
    config: { network: { ...defaultNetworkConfig, allowedOrigins: [allowed] } },
  });
});
afterAll(() => stack.stop());

interface Ask {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

/** fetch writes Origin and Sec-Fetch-Site itself, so a plain request stands in for the browser. */
function ask({ method = 'POST', path = '/graphql', headers = {}, body = '' }: Ask) {
  return new Promise<{ status: number; headers: Record<string, unknown>; text: string }>(
    (resolve, reject) => {
      const sent = request(`${stack.url}${path}`, { method, headers }, (answer) => {
        let text = '';
        answer.on('data', (chunk: Buffer) => (text += chunk.toString()));
        answer.on('end', () =>
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text }),
        );
      }).on('error', reject);
      sent.end(body);
    },
  );
}

const document = JSON.stringify({ query: '{ checkupCount }' });
const asked = (headers: Record<string, string>): Ask => ({
  headers: {
    authorization: `Bearer ${stack.token}`,
    'content-type': 'application/json',
    ...headers,
  },
  body: document,
});
const cors = (headers: Record<string, unknown>) =>
  Object.keys(headers).filter((name) => name.startsWith('access-control-'));

describe('preflight', () => {
  const preflight = (origin: string, path = '/graphql') =>
    ask({
      method: 'OPTIONS',
      path,
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type,dpop',
      },
    });

  test('an allowed origin is answered without a token', async () => {
    const { status, headers, text } = await preflight(allowed);
    expect({ status, text }).toEqual({ status: 204, text: '' });
    expect(headers['access-control-allow-origin']).toBe(allowed);
    expect(headers['access-control-allow-methods']).toBe('GET, POST');
    expect(headers['access-control-allow-headers']).toContain('dpop');
    expect(headers['access-control-allow-credentials']).toBeUndefined();
    expect(headers['vary']).toContain('Origin');
    expect(headers['x-content-type-options']).toBe('nosniff');
  });

  test.each([
    evil,
    'null',
    '*',
    'http://app.caregraph.test',
    'https://app.caregraph.test:8443',
    'https://app.caregraph.test.evil.example',
    'https://evil-app.caregraph.test',
    'https://APP.caregraph.test',
    'https://app.caregraph.test/',
  ])('%s is not', async (origin) => {
    const { status, headers } = await preflight(origin);
    expect(status).toBe(403);
    expect(cors(headers)).toEqual([]);
    expect(headers['vary']).toContain('Origin');
  });

  test.each(['/healthz', '/ready', '/explorer/', '/explorer/sign-ins', '/nothing'])(
    '%s is for no other origin',
    async (path) => {
      for (const method of ['OPTIONS', 'GET']) {
        const { headers } = await ask({ method, path, headers: { origin: allowed } });
        expect(cors(headers), method).toEqual([]);
      }
    },
  );
});

describe('requests of pages', () => {
  test('an allowed origin reads its answer, also when it is a refusal', async () => {
    const good = await ask(asked({ origin: allowed, 'sec-fetch-site': 'cross-site' }));
    expect(good.status).toBe(200);
    const refused = await ask({
      headers: { origin: allowed, 'content-type': 'application/json' },
      body: document,
    });
    expect(refused.status).toBe(401);
    for (const { headers } of [good, refused]) {
      expect(headers['access-control-allow-origin']).toBe(allowed);
      expect(headers['access-control-expose-headers']).toContain('x-request-id');
      expect(headers['access-control-allow-credentials']).toBeUndefined();
      expect(headers['vary']).toBe('Origin');
    }
  });

  test('a program without origin is served, and told that origins matter', async () => {
    const { status, headers } = await ask(asked({}));
    expect(status).toBe(200);
    expect(cors(headers)).toEqual([]);
    expect(headers['vary']).toBe('Origin');
  });

  test('a page of our own is served', async () => {
    const { host } = new URL(stack.url);
    for (const headers of [
      { 'sec-fetch-site': 'same-origin', origin: `http://${host}` },
      { 'sec-fetch-site': 'same-origin', origin: 'null' },
      { 'sec-fetch-site': 'none' },
      { origin: `http://${host}` },
    ]) {
      expect((await ask(asked(headers))).status, JSON.stringify(headers)).toBe(200);
    }
  });

  test.each([
    ['cross-site', { 'sec-fetch-site': 'cross-site', origin: evil }],
    ['same-site', { 'sec-fetch-site': 'same-site', origin: 'https://other.caregraph.test' }],
    ['cross-site without origin', { 'sec-fetch-site': 'cross-site' }],
    ['an old browser', { origin: evil }],
    ['a sandboxed frame', { origin: 'null' }],
    ['nonsense', { 'sec-fetch-site': 'Same-Origin' }],
  ])('%s does not write', async (_who, headers) => {
    runs = 0;
    const { status, headers: answered, text } = await ask(asked(headers));
    expect(status).toBe(403);
    expect(text).toContain('ORIGIN_REFUSED');
    expect(cors(answered)).toEqual([]);
    expect(runs).toBe(0);
  });
});

describe('requests that need no preflight', () => {
  test.each([
    ['text/plain', document],
    ['application/x-www-form-urlencoded', `query=${encodeURIComponent('{ checkupCount }')}`],
    [
      'multipart/form-data; boundary=x',
      `--x\r\ncontent-disposition: form-data; name="query"\r\n\r\n{ checkupCount }\r\n--x--`,
    ],
    ['text/plain; application/json', document],
    ['', document],
  ])('%s runs nothing', async (type, body) => {
    runs = 0;
    for (const headers of [
      { authorization: `Bearer ${stack.token}` },
      { authorization: `Bearer ${stack.token}`, origin: allowed },
    ]) {
      const typed: Record<string, string> =
        type === '' ? headers : { ...headers, 'content-type': type };
      const { status } = await ask({ headers: typed, body });
      expect(status).toBeGreaterThanOrEqual(400);
      expect(status).toBeLessThan(500);
    }
    expect(runs).toBe(0);
  });

  test('a GET runs no document of the URL, with or without a preflight header', async () => {
    runs = 0;
    const path = '/graphql?query={checkupCount}';
    const headers = { authorization: `Bearer ${stack.token}` };
    const typed = { ...headers, 'content-type': 'text/plain' };
    const shown = { ...headers, 'apollo-require-preflight': '1' };
    for (const one of [headers, typed, shown]) {
      expect((await ask({ method: 'GET', path, headers: one })).status).toBe(405);
    }
    expect(runs).toBe(0);
  });
});
