import { createHmac } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { systemClock } from '@caregraph/clock';
import { createNoteGraph, secret, type NoteGraph } from '../test-graph.ts';
import { createSubgraphHost } from './subgraph-host.ts';

const deliveryKey = new Uint8Array(32).fill(3);
let graph: NoteGraph;
let app: FastifyInstance;
let url: string;
let storeIsAway = false;

beforeAll(async () => {
  graph = await createNoteGraph(({ pool }) => ({
    pool: new Proxy(pool, {
      get(target, name) {
        if (name !== 'query') return Reflect.get(target, name, target);
        return (sql: string, values?: unknown[]) =>
          storeIsAway ? Promise.reject(new Error('away')) : target.query(sql, values);
      },
    }),
  }));
  await graph.pool.query(
    'CREATE TABLE area_ref (id uuid PRIMARY KEY, ancestors uuid[], version int)',
  );
  app = createSubgraphHost({ ...graph.deps, subgraph: graph.subgraph, deliveryKey });
  url = await app.listen({ host: '127.0.0.1', port: 0 });
});
afterAll(async () => {
  await app.close();
  await graph.stop();
});
beforeEach(() => {
  storeIsAway = false;
});

/** As the deliverer signs: `t=<ms>,v1=<hex HMAC-SHA256 of "t.body">`. */
function sign(body: string, key = deliveryKey, at = Date.now()): string {
  const mac = createHmac('sha256', key).update(`${at}.${body}`).digest('hex');
  return `t=${at},v1=${mac}`;
}

async function post(path: string, body: string, headers: Record<string, string>) {
  const answer = await fetch(`${url}${path}`, { method: 'POST', headers, body });
  const text = await answer.text();
  const code = text.startsWith('{') ? JSON.parse(text).errors?.[0].extensions.code : undefined;
  return { status: answer.status, code, text };
}

const batchType = { 'content-type': 'application/cloudevents-batch+json' };
const deliver = (body: string, over: Record<string, string> = {}) =>
  post('/events', body, {
    ...batchType,
    'x-delivery': sign(body),
    ...over,
  });

function areaPlaced(over: Record<string, unknown> = {}) {
  const areaId = graph.ids.next();
  return {
    specversion: '1.0',
    id: graph.ids.next(),
    type: 'org.caregraph.area.placed.v1',
    source: 'caregraph/institution',
    subject: areaId,
    time: systemClock.now().toISOString(),
    data: { areaId, ancestors: [areaId], version: 1 },
    ...over,
  };
}

async function inbox(id: string) {
  const sql = 'SELECT state FROM inbox_message WHERE id = $1';
  return (await graph.pool.query(sql, [id])).rows;
}

test('a signed delivery is taken once, also when it comes again', async () => {
  const event = areaPlaced();
  for (const _time of [1, 2]) {
    expect(await deliver(JSON.stringify([event]))).toMatchObject({ status: 204 });
  }
  expect(await inbox(event.id)).toEqual([{ state: 'TAKEN' }]);
  const refs = await graph.pool.query('SELECT version FROM area_ref WHERE id = $1', [
    event.subject,
  ]);
  expect(refs.rows).toEqual([{ version: 1 }]);
});

test('a delivery without the signature of this body, this key and this time is refused', async () => {
  const event = areaPlaced();
  const body = JSON.stringify([event]);
  const forged = [
    undefined,
    '',
    `t=1,v1=${'0'.repeat(64)}`,
    sign(`${body} `),
    sign(body, new Uint8Array(32).fill(4)),
    sign(body, deliveryKey, Date.now() - 6 * 60_000),
  ];
  for (const signature of forged) {
    const headers = {
      ...batchType,
      ...(signature === undefined ? {} : { 'x-delivery': signature }),
    };
    expect(await post('/events', body, headers)).toMatchObject({
      status: 401,
      code: 'DELIVERY_REFUSED',
    });
  }
  expect(await inbox(event.id)).toEqual([]);
});

test('a delivery of another media type is refused like an unsigned one', async () => {
  const body = JSON.stringify([areaPlaced()]);
  expect(await deliver(body, { 'content-type': 'application/json' })).toMatchObject({
    status: 401,
    code: 'DELIVERY_REFUSED',
  });
});

test.each([
  '',
  '{}',
  '[{]',
  `[{"specversion":"1.0","id":"${secret}"}]`,
  '[{"type":"org.caregraph.unheard.of.v1"}]',
])('the signed body %j does not fit the contract', async (body) => {
  const answer = await deliver(body);
  expect(answer).toMatchObject({ status: 400, code: 'EVENT_REFUSED' });
  expect(answer.text).not.toContain(secret);
});

test('one event whose data breaks its contract is set aside, the others are taken', async () => {
  const [good, bad] = [areaPlaced(), areaPlaced({ data: { areaId: 'x' } })];
  expect(await deliver(JSON.stringify([bad, good]))).toMatchObject({ status: 204 });
  expect(await inbox(good.id)).toEqual([{ state: 'TAKEN' }]);
  expect(await inbox(bad.id)).toEqual([{ state: 'SET_ASIDE' }]);
});

test.each(['/graphql', '/events'])('five megabytes to %s are too large', async (path) => {
  const type = path === '/events' ? batchType : { 'content-type': 'application/json' };
  const body = JSON.stringify({ query: 'x'.repeat(5 * 1024 * 1024) });
  expect(await post(path, body, type)).toMatchObject({ status: 413, code: 'BODY_TOO_LARGE' });
});

test.each(['{"query": ', '', 'null and void', `{"query": "${secret}"`])(
  'the body %j is not JSON',
  async (body) => {
    const answer = await post('/graphql', body, { 'content-type': 'application/json' });
    expect(answer).toMatchObject({ status: 400, code: 'BAD_REQUEST' });
    expect(answer.text).not.toContain(secret);
  },
);

test('another media type is refused, and what is not there is not found without quoting it', async () => {
  const xml = await post('/graphql', '<a/>', { 'content-type': 'application/xml' });
  expect(xml).toMatchObject({ status: 415, code: 'UNSUPPORTED_MEDIA_TYPE' });
  const lost = await post(`/graphiql?name=${secret}`, '', {});
  expect(lost).toMatchObject({ status: 404, code: 'NOT_FOUND' });
  expect(lost.text).not.toContain(secret);
});

test('without a token nobody is answered, over HTTP too', async () => {
  const body = JSON.stringify({ query: '{ caller { purpose } }' });
  const answer = await post('/graphql', body, { 'content-type': 'application/json' });
  expect(answer).toMatchObject({ status: 401, code: 'UNAUTHENTICATED' });
});

test('it is alive without its store, but not ready', async () => {
  const statusOf = async (path: string) => (await fetch(`${url}${path}`)).status;
  expect(await statusOf('/ready')).toBe(200);
  storeIsAway = true;
  expect(await statusOf('/ready')).toBe(503);
  expect(await statusOf('/healthz')).toBe(200);
  storeIsAway = false;
  expect(await statusOf('/ready')).toBe(200);
});

test('a document in a URL is refused, whoever asks', async () => {
  const search = new URLSearchParams({ query: '{ __typename }' });
  const answer = await fetch(`${url}/graphql?${search}`, {
    headers: { authorization: `Bearer ${await graph.token({})}`, 'apollo-require-preflight': '1' },
  });
  expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST']);
  expect(await answer.json()).toMatchObject({
    errors: [{ extensions: { code: 'METHOD_NOT_ALLOWED' } }],
  });
});

test.each(['current', 'behind', 'unfollowed'] as const)(
  '/ready tells that revocations are %s',
  async (state) => {
    const { deps, subgraph } = graph;
    const host = createSubgraphHost({
      ...deps,
      subgraph,
      deliveryKey,
      revocationState: () => state,
    });
    const answer = await host.inject('/ready');
    expect(answer.json()).toMatchObject({ revocations: state });
    await host.close();
  },
);
