import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startStack, type Stack } from '../test-stack.ts';
import { exchange } from '@caregraph/testbed/network';

/** What every answer carries, and what none gives away. */

let stack: Stack;
beforeAll(async () => (stack = await startStack()));
afterAll(() => stack.stop());

const closing = 'Connection: close\r\n\r\n';
const host = () => `Host: ${new URL(stack.url).host}\r\n`;

describe('security headers', () => {
  test.each<[string, () => string]>([
    ['a probe', () => `GET /healthz HTTP/1.1\r\n${host()}${closing}`],
    ['readiness', () => `GET /ready HTTP/1.1\r\n${host()}${closing}`],
    ['no token', () => `POST /graphql HTTP/1.1\r\n${host()}${closing}`],
    ['no such path', () => `GET /nothing HTTP/1.1\r\n${host()}${closing}`],
    ['a refused address', () => `GET //x HTTP/1.1\r\n${host()}${closing}`],
    ['an address that does not decode', () => `GET /%ff HTTP/1.1\r\n${host()}${closing}`],
    ['another method', () => `DELETE /graphql HTTP/1.1\r\n${host()}${closing}`],
    ['no HTTP', () => 'HELLO\r\n\r\n'],
    ['a redirect', () => `GET /explorer HTTP/1.1\r\n${host()}${closing}`],
    ['the explorer', () => `GET /explorer/ HTTP/1.1\r\n${host()}${closing}`],
    ['nothing of the explorer', () => `GET /explorer/none.js HTTP/1.1\r\n${host()}${closing}`],
    [
      'a refused origin',
      () => `POST /graphql HTTP/1.1\r\n${host()}Origin: https://e.test\r\n${closing}`,
    ],
  ])('%s', async (_name, request) => {
    const { text } = await exchange(stack.url, request());
    const headers = text.split('\r\n\r\n', 1)[0]?.toLowerCase() ?? '';
    expect(headers).toContain('x-content-type-options: nosniff');
    expect(headers).toContain('referrer-policy: no-referrer');
    expect(headers).toContain('cross-origin-opener-policy: same-origin');
    expect(headers).toContain('cross-origin-resource-policy: same-origin');
    expect(headers).toContain('permissions-policy: camera=()');
    expect(headers).toMatch(/content-security-policy: default-src 'none';.*frame-ancestors 'none'/);
    expect(headers).toMatch(/x-request-id: [0-9a-f-]{36}/);
    expect(headers).not.toMatch(/\r\n(server|x-powered-by|via):/);
    // Said over plain HTTP it would be ignored, or lock out a deployment without TLS.
    expect(headers).not.toContain('strict-transport-security');
    for (const name of ['content-security-policy', 'x-content-type-options', 'x-request-id']) {
      expect(headers.split(`\r\n${name}: `)).toHaveLength(2);
    }
  });
});

/** Numbers that look the same on every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const marker = 'Zw7kPatientName';
const telling =
  /\bat \S+ \(|node:internal|node_modules|\/src\/|\.ts:|fastify|apollo server|undici|llhttp|HPE_|FST_|zod|TypeError|SyntaxError|RangeError|Unexpected token|in JSON at|stacktrace/i;

describe('errors give nothing away', () => {
  const deep = (open: string, close: string, depth: number) =>
    `${open.repeat(depth)}1${close.repeat(depth)}`;
  const bodies: (readonly [string, string | Buffer])[] = [
    ['cut JSON', `{"query": "${marker}`],
    ['no JSON', marker],
    ['a comma too many', `{"query": "{ patients { id } }", "${marker}": 1,}`],
    [
      'bad UTF-8',
      Buffer.concat([
        Buffer.from(`{"query": "${marker}`),
        Buffer.from([0xff, 0xfe, 0xc0, 0x80]),
        Buffer.from('"}'),
      ]),
    ],
    ['a byte order mark', `\ufeff{"query": "{ ${marker} }"}`],
    ['UTF-16', Buffer.from(`{"query": "{ ${marker} }"}`, 'utf16le')],
    ['lists nested without end', deep('[', ']', 100_000)],
    ['objects nested without end', deep('{"a":', '}', 100_000)],
    [
      'variables nested without end',
      `{"query": "query ($v: ID!) { patient(id: $v) { id } }", "variables": {"v": ${deep('[', ']', 50_000)}}}`,
    ],
    ['__proto__', `{"query": "{ patients { id } }", "__proto__": {"${marker}": true}}`],
    [
      'nested __proto__',
      `{"query": "query ($v: ID!) { patient(id: $v) { id } }", "variables": {"v": {"__proto__": {"polluted": "${marker}"}}}}`,
    ],
    [
      'constructor.prototype',
      `{"query": "query ($v: ID!) { patient(id: $v) { id } }", "variables": {"v": {"constructor": {"prototype": {"polluted": "${marker}"}}}}}`,
    ],
    ['variables that are no object', `{"query": "{ patients { id } }", "variables": "${marker}"}`],
    [
      'extensions that are no object',
      `{"query": "{ patients { id } }", "extensions": ["${marker}"]}`,
    ],
    ['a query that is a number', '{"query": 1e999}'],
    ['a huge number', `{"query": "{ patients(first: ${'9'.repeat(5_000)}) { id } }"}`],
    ['NUL in the document', `{"query": "{ patients { \\u0000 } }"}`],
    ['a raw NUL', Buffer.from(`{"query": "{ patients\0{ id } }"}`)],
    ['a lone surrogate', '{"query": "{ patients { \\ud800 } }"}'],
    [
      'an operation name that is a list',
      `{"query": "{ patients { id } }", "operationName": ["${marker}"]}`,
    ],
    ['null', 'null'],
    ['a failing resolver', '{"query": "{ broken }"}'],
  ];

  const post = (body: string | Buffer) =>
    fetch(`${stack.url}/graphql`, {
      method: 'POST',
      headers: { authorization: `Bearer ${stack.token}`, 'content-type': 'application/json' },
      body: new Uint8Array(Buffer.from(body as string)),
    });

  async function expectPlain(answer: Response, echo = true): Promise<void> {
    const text = await answer.text();
    expect(text).not.toMatch(telling);
    if (echo) expect(text).not.toContain(marker);
    expect(text.length).toBeLessThan(20_000);
    const { errors } = JSON.parse(text) as { errors: { extensions: { code: string } }[] };
    for (const { extensions } of errors) expect(extensions.code).toMatch(/^[A-Z_]+$/);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  }

  test.each(bodies)('%s', async (name, body) => {
    const answer = await post(body);
    if (name !== 'a failing resolver') expect(answer.status).toBeLessThan(500);
    // A message about a document may name what of it is wrong.
    await expectPlain(answer, !['a byte order mark', 'bad UTF-8'].includes(name));
  });

  test('300 bodies with a byte or more changed', async () => {
    const next = seeded(20_260_301);
    const whole = Buffer.from(
      JSON.stringify({
        query: 'query Q($id: ID!) { patient(id: $id) { name } }',
        variables: { id: '1' },
      }),
    );
    for (let round = 0; round < 300; round += 1) {
      const body = Buffer.from(whole);
      for (let change = 0; change <= next() * 4; change += 1) {
        body[Math.floor(next() * body.length)] = Math.floor(next() * 256);
      }
      const answer = await post(body);
      const text = await answer.text();
      expect(answer.status, `round ${round}`).toBeLessThan(500);
      expect(text, `round ${round}`).not.toMatch(telling);
      expect(() => JSON.parse(text) as unknown).not.toThrow();
    }
  });

  test.each([
    '/graphql?query=%',
    '/graphql?query=%ff%fe',
    '/graphql?variables={',
    `/graphql?query={${marker}}&variables=%00`,
    '/graphql?extensions=[[',
    '/%E0%A4%A',
    `/${marker}%`,
    `/${marker}`,
  ])('GET %s', async (path) => {
    const request = `GET ${path} HTTP/1.1\r\n${host()}Authorization: Bearer ${stack.token}\r\napollo-require-preflight: 1\r\n${closing}`;
    const { text, statuses } = await exchange(stack.url, request);
    expect(statuses[0]).toBeGreaterThanOrEqual(400);
    expect(statuses[0]).toBeLessThan(500);
    expect(text).not.toMatch(telling);
    if (!path.startsWith('/graphql')) expect(text).not.toContain(marker);
  });

  test('300 requests with bytes changed anywhere', async () => {
    const next = seeded(7);
    const whole = Buffer.from(`GET /healthz HTTP/1.1\r\n${host()}Accept: */*\r\n${closing}`);
    for (let round = 0; round < 300; round += 1) {
      const bytes = Buffer.from(whole);
      for (let change = 0; change <= next() * 3; change += 1) {
        bytes[Math.floor(next() * (bytes.length - closing.length))] = Math.floor(next() * 256);
      }
      const { text } = await exchange(stack.url, Buffer.concat([bytes, Buffer.from('\r\n\r\n')]));
      expect(text, `round ${round}`).not.toMatch(telling);
      expect(text, `round ${round}`).not.toMatch(/HTTP\/1\.1 5/);
    }
    expect((await fetch(`${stack.url}/healthz`)).status).toBe(200);
  });
});
