import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { startJourney, type JourneyStack } from '../test-stack.ts';
import { tokenOf } from './callers.ts';
import { tapped } from './tap.ts';
import { readBody, send } from './wire.ts';

vi.mock(import('../../src/subgraph/in-process-transport.ts'), async (original) =>
  (await import('./tap.ts')).withTap(await original()),
);

/**
 * What a page elsewhere can make a browser send to the graph, and what it can read of the answer.
 * There is no cookie that could go along; the tests bring a good token all the same, as a proxy
 * that adds one would, so that nothing but the origin is refused.
 */
let stack: JourneyStack;
let token: string;

beforeAll(async () => {
  stack = await startJourney({
    households: 1,
    router: {},
  });
  token = await tokenOf(stack, 'health-worker-1');
});
afterAll(() => stack.stop());

const evil = 'https://evil.example';
const query = '{ patients(first: 1) { edges { node { id } } } }';
const json = JSON.stringify({ query });

async function from(
  headers: readonly [string, string][],
  body: string,
  method = 'POST',
  path = '/graphql',
) {
  tapped.splice(0);
  const answer = await send(stack.url, {
    method,
    path,
    headers: [['authorization', `Bearer ${token}`], ...headers],
    ...(method === 'POST' ? { body } : {}),
  });
  expect(answer.headers['access-control-allow-origin']).toBeUndefined();
  expect(answer.headers['access-control-allow-credentials']).toBeUndefined();
  return answer;
}

test('the same request from no page at all is answered', async () => {
  const answer = await from([['content-type', 'application/json']], json);
  expect(answer.status).toBe(200);
  expect(tapped.length).toBeGreaterThan(0);
});

/** The media types that a page may send without asking first. */
const simple = [
  'text/plain',
  'text/plain;charset=UTF-8',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'text/plain; application/json',
  'application/x-www-form-urlencoded; application/json',
];

describe('simple requests', () => {
  test.each(simple)('a POST of %s', async (type) => {
    const form = type.startsWith('application/x-www') ? `query=${encodeURIComponent(query)}` : json;
    for (const origin of [[], [['origin', evil]], [['origin', 'null']]] as [string, string][][]) {
      const answer = await from([['content-type', type], ...origin], form);
      expect(answer.status).toBe(origin.length > 0 ? 403 : 415);
      expect(readBody(answer).data ?? null).toBeNull();
      expect(tapped).toEqual([]);
    }
  });

  test('a file upload after the multipart convention of GraphQL', async () => {
    const part = (name: string, value: string) =>
      `--x\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
    const body = `${part('operations', json)}${part('map', '{}')}--x--`;
    const answer = await from([['content-type', 'multipart/form-data; boundary=x']], body);
    expect(answer.status).toBe(415);
    expect(tapped).toEqual([]);
  });

  test('no media type at all', async () => {
    const answer = await from([], json);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(tapped).toEqual([]);
  });

  test('a GET as an image or a link sends it', async () => {
    const path = `/graphql?query=${encodeURIComponent(query)}`;
    for (const type of [[], [['content-type', 'text/plain']]] as [string, string][][]) {
      const answer = await from([['origin', evil], ...type], '', 'GET', path);
      expect(answer.status).toBe(405);
      expect(readBody(answer).data ?? null).toBeNull();
      expect(tapped).toEqual([]);
    }
  });

  test.each(['PUT', 'PATCH', 'DELETE', 'TRACE'])('%s is no method of the graph', async (method) => {
    const answer = await from([], '', method);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.text).not.toContain(token);
    expect(tapped).toEqual([]);
  });

  test('a method or a query in another place', async () => {
    const override: [string, string][] = [
      ['content-type', 'text/plain'],
      ['x-http-method-override', 'GET'],
      ['x-method-override', 'GET'],
    ];
    const path = `/graphql?query=${encodeURIComponent(query)}`;
    expect((await from(override, json, 'POST', path)).status).toBe(415);
    expect(tapped).toEqual([]);
    // The URL says nothing where there is a body.
    const both = await from(
      [['content-type', 'application/json']],
      JSON.stringify({ query: '{ __typename }' }),
      'POST',
      path,
    );
    expect(readBody(both).data).toEqual({ __typename: 'Query' });
  });
});

describe('pages elsewhere', () => {
  const host = () => new URL(stack.url).host;
  test.each([
    ['another site', () => evil],
    ['a page of no origin', () => 'null'],
    ['a name that begins like ours', () => `http://${host()}.evil.example`],
    ['a name that ends like ours', () => `http://evil.example-${host()}`],
    ['our name as a user', () => `http://${host()}@evil.example`],
    ['another port of this machine', () => 'http://127.0.0.1:1'],
    ['no address', () => 'evil'],
    ['a file', () => 'file://'],
    ['a wildcard', () => '*'],
  ])('a POST of JSON from %s', async (_name, origin) => {
    const answer = await from(
      [
        ['content-type', 'application/json'],
        ['origin', origin()],
      ],
      json,
    );
    expect(answer.status).toBe(403);
    expect(tapped).toEqual([]);
  });

  test.each(['cross-site', 'same-site', '', 'anything'])('Sec-Fetch-Site %j', async (site) => {
    const headers: [string, string][] = [['content-type', 'application/json']];
    const answer = await from([...headers, ['sec-fetch-site', site]], json);
    expect(answer.status).toBe(403);
    expect(tapped).toEqual([]);
  });

  test('X-Forwarded-Host makes no other origin ours', async () => {
    const answer = await from(
      [
        ['content-type', 'application/json'],
        ['origin', evil],
        ['x-forwarded-host', 'evil.example'],
        ['x-forwarded-proto', 'https'],
        ['forwarded', 'host=evil.example;proto=https'],
      ],
      json,
    );
    expect(answer.status).toBe(403);
    expect(tapped).toEqual([]);
  });

  test('another Host: a name that was pointed at this machine', async () => {
    const answer = await from(
      [
        ['host', 'evil.example'],
        ['origin', 'http://evil.example'],
        ['content-type', 'application/json'],
      ],
      json,
    );
    expect(answer.status).toBe(400);
    expect(tapped).toEqual([]);
  });

  test.each([evil, 'null', 'https://evil.example:443', 'http://localhost'])(
    'a preflight from %s is refused, whatever it asks',
    async (origin) => {
      const answer = await from(
        [
          ['origin', origin],
          ['access-control-request-method', 'POST'],
          ['access-control-request-headers', 'authorization,content-type'],
          ['access-control-request-private-network', 'true'],
        ],
        '',
        'OPTIONS',
      );
      expect(answer.status).toBe(403);
      const granted = Object.keys(answer.headers).filter((name) =>
        name.startsWith('access-control-'),
      );
      expect(granted).toEqual([]);
    },
  );

  test('a cookie is not a token', async () => {
    tapped.splice(0);
    const cookies = ['token', 'access_token', 'authorization', 'session', '__Host-session'];
    const answer = await send(stack.url, {
      headers: [
        ['cookie', cookies.map((name) => `${name}=${token}`).join('; ')],
        ['content-type', 'application/json'],
      ],
      body: json,
    });
    expect(answer.status).toBe(401);
    expect(answer.headers['set-cookie']).toBeUndefined();
    expect(tapped).toEqual([]);
  });

  test('a token in the URL or in the body is not a token', async () => {
    tapped.splice(0);
    const path = `/graphql?access_token=${token}&token=${token}`;
    const body = JSON.stringify({ query, access_token: token, authorization: `Bearer ${token}` });
    const answer = await send(stack.url, {
      path,
      headers: [['content-type', 'application/json']],
      body,
    });
    expect(answer.status).toBe(401);
    expect(tapped).toEqual([]);
  });
});
