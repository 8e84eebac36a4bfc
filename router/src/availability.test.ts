import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { HeaderMap } from '@apollo/server';
import { afterEach, expect, test } from 'vitest';
import { clinicalSdl, composeFixtures, patientSdl, startStack, type Stack } from './test-stack.ts';
import type { InProcessSubgraph } from './subgraph/in-process-transport.ts';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).toReversed()) await clean();
});

async function start(...options: Parameters<typeof startStack>): Promise<Stack> {
  const stack = await startStack(...options);
  cleanups.push(() => stack.stop());
  return stack;
}

/** Puts an in-process subgraph behind a socket, as the full profile does. */
async function serve(subgraph: InProcessSubgraph, ready = () => true): Promise<[string, Server]> {
  const server = createServer((request, response) => {
    if (request.url === '/ready') return response.writeHead(ready() ? 200 : 503).end();
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      void subgraph
        .execute({
          method: 'POST',
          headers: Object.fromEntries(
            Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
          ),
          search: '',
          body: JSON.parse(text),
        })
        .then(({ status, body }) => {
          response.writeHead(status ?? 200, { 'content-type': 'application/json' });
          response.end(body.kind === 'complete' ? body.string : '');
        });
    });
    return undefined;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(async () => server.close());
  return [`http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`, server];
}

const both = '{ patients { name checkups { systolicMmHg } } checkupCountX: checkupCount }';
const timeline = '{ patients { name checkups { systolicMmHg } } }';

test('a dead subgraph leaves the rest and says which part is missing', async () => {
  const stack = await start({
    reach: (clinical) => ({ ...clinical, execute: () => Promise.reject(new Error('pg: secret')) }),
  });
  const { status, body } = await stack.ask(timeline);
  expect(status).toBe(200);
  expect(body).toEqual({
    data: {
      patients: [
        { name: 'Asha', checkups: null },
        { name: 'Bina', checkups: null },
      ],
    },
    errors: [
      {
        message: 'The clinical part of the graph is not available.',
        path: ['patients'],
        extensions: {
          code: 'SUBGRAPH_UNAVAILABLE',
          reason: 'UNREACHABLE',
          subgraph: 'clinical',
          missing: 'patients.@.checkups',
        },
      },
    ],
  });
  // A field that must have a value takes its parent with it, and the error names it.
  expect((await stack.ask(both)).body).toMatchObject({
    data: null,
    errors: expect.arrayContaining([expect.objectContaining({ path: ['checkupCountX'] })]),
  });
});

test('over HTTP: a document over both subgraphs, and what is missing when one dies', async () => {
  const box: { clinical?: InProcessSubgraph } = {};
  const later: InProcessSubgraph = {
    kind: 'in-process',
    execute: async (request) => {
      if (!box.clinical) throw new Error('not started');
      return box.clinical.execute(request);
    },
    isReady: async () => true,
  };
  const [url, server] = await serve(later);
  const stack = await start({
    reach: (clinical) => {
      box.clinical = clinical;
      return { kind: 'http', url };
    },
  });
  expect((await stack.ask(timeline)).body).toEqual({
    data: {
      patients: [
        { name: 'Asha', checkups: [{ systolicMmHg: 120 }] },
        { name: 'Bina', checkups: [{ systolicMmHg: 120 }] },
      ],
    },
  });
  server.closeAllConnections();
  server.close();
  expect((await stack.ask(timeline)).body).toMatchObject({
    data: { patients: [{ checkups: null }, { checkups: null }] },
    errors: [
      { extensions: { code: 'SUBGRAPH_UNAVAILABLE', reason: 'UNREACHABLE', subgraph: 'clinical' } },
    ],
  });
});

test('a subgraph that does not accept the token itself refuses, whatever the router thinks', async () => {
  const other = await start();
  const stack = await start({ reach: () => other.subgraphs.clinical });
  const { body } = await stack.ask(timeline);
  expect(body.data).toMatchObject({ patients: [{ checkups: null }, { checkups: null }] });
  expect(body.errors).toHaveLength(1);
});

test.each([
  ['<html>502</html>', 'BAD_RESPONSE'],
  ['[]', 'BAD_RESPONSE'],
  ['{"data":[]}', 'BAD_RESPONSE'],
  ['{"data":null}', 'BAD_RESPONSE'],
  [
    '{"errors":[{"message":"Cannot query","extensions":{"code":"GRAPHQL_VALIDATION_FAILED"}}]}',
    'INCOMPATIBLE',
  ],
  ['{"errors":[{"message":"stopping","extensions":{"code":"DRAINING"}}]}', 'DRAINING'],
])('a subgraph that answers %s is unavailable: %s', async (string, reason) => {
  const stack = await start({
    reach: (clinical) => ({
      ...clinical,
      execute: async () => ({
        status: 200,
        headers: new HeaderMap(),
        body: { kind: 'complete', string },
      }),
    }),
  });
  const { body } = await stack.ask(timeline);
  expect(body.data).toMatchObject({ patients: [{ checkups: null }, { checkups: null }] });
  expect(body.errors).toMatchObject([{ extensions: { code: 'SUBGRAPH_UNAVAILABLE', reason } }]);
});

test('a subgraph that does not answer in time is unavailable', async () => {
  const stack = await start({
    config: { subgraphTimeoutMs: 50 },
    reach: (clinical) => ({ ...clinical, execute: () => new Promise(() => {}) }),
  });
  const { body } = await stack.ask(timeline);
  expect(body.errors).toMatchObject([
    { extensions: { code: 'SUBGRAPH_UNAVAILABLE', reason: 'TIMEOUT' } },
  ]);
});

test('an entity that is not found reads as null, without remarks of the gateway', async () => {
  const stack = await start({
    reach: (clinical) => ({
      ...clinical,
      execute: async () => ({
        status: 200,
        headers: new HeaderMap(),
        body: { kind: 'complete', string: '{"data":{"strict":{"must":null}}}' },
      }),
    }),
  });
  const { body } = await stack.ask('{ strict { must } }');
  expect(body).toEqual({ data: { strict: null } });
});

test('/healthz and /ready tell which subgraph is down', async () => {
  let up = false;
  const stack = await start({ reach: (clinical) => ({ ...clinical, isReady: async () => up }) });
  expect((await fetch(`${stack.url}/healthz`)).status).toBe(200);
  const down = await fetch(`${stack.url}/ready`);
  expect(down.status).toBe(503);
  expect(await down.json()).toEqual({
    ready: false,
    draining: false,
    subgraphs: { patient: 'up', clinical: 'down' },
    limits: 'local',
    revocations: 'current',
  });
  up = true;
  expect((await fetch(`${stack.url}/ready`)).status).toBe(200);
});

test.each(['behind', 'unfollowed'] as const)(
  '/ready tells that revocations are %s',
  async (state) => {
    const stack = await startStack({ revocationState: () => state });
    const answer = await fetch(`${stack.url}/ready`);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ ready: true, revocations: state });
    await stack.stop();
  },
);

test('/ready asks subgraphs over HTTP', async () => {
  let up = true;
  const silent: InProcessSubgraph = {
    kind: 'in-process',
    execute: () => Promise.reject(new Error('unused')),
    isReady: async () => true,
  };
  const [url] = await serve(silent, () => up);
  const stack = await start({ reach: () => ({ kind: 'http', url }) });
  expect((await fetch(`${stack.url}/ready`)).status).toBe(200);
  up = false;
  expect((await fetch(`${stack.url}/ready`)).status).toBe(503);
});

test('a new supergraph serves from the next request on, and drops none', async () => {
  const stack = await start();
  const grown = patientSdl.replace('type Caller', 'type Visit { id: ID! }\ntype Caller');
  const wider = composeFixtures(grown.replace('broken: String', 'broken: String, visit: Visit'));
  let asking = true;
  const statuses = new Set<number>();
  const load = Array.from({ length: 8 }, async () => {
    while (asking) statuses.add((await stack.ask(timeline)).status);
  });
  for (let round = 0; round < 5; round += 1) {
    expect(await stack.router.update(wider)).toEqual({ kind: 'loaded' });
    expect((await stack.ask('{ visit { id } }')).status).toBe(200);
    expect(await stack.router.update(composeFixtures())).toEqual({ kind: 'loaded' });
    expect((await stack.ask('{ visit { id } }')).status).toBe(400);
  }
  asking = false;
  await Promise.all(load);
  expect([...statuses]).toEqual([200]);
});

test('a bad supergraph is refused and the one before stays', async () => {
  const stack = await start();
  const stranger = composeFixtures(patientSdl, clinicalSdl).replaceAll('"clinical"', '"lab"');
  for (const bad of ['type Query {', 'type Query { a: Int }', '', stranger]) {
    expect(await stack.router.update(bad)).toMatchObject({ kind: 'refused' });
  }
  expect((await stack.ask(timeline)).body.errors).toBeUndefined();
  expect(stack.log.join('')).toContain('supergraph refused');
});

test('closing finishes what is in flight and refuses the rest', async () => {
  let release: (value: string) => void = () => {};
  let reached: () => void = () => {};
  const arrived = new Promise<void>((resolve) => (reached = resolve));
  const stack = await start({
    clinical: {
      slow: () => {
        reached();
        return new Promise<string>((resolve) => (release = resolve));
      },
    },
  });
  const slow = stack.ask('{ slow }');
  await arrived;
  const closed = stack.router.close();
  const late = await stack.ask('{ patients { id } }');
  expect(late.status).toBe(503);
  expect(late.body.errors).toMatchObject([{ extensions: { code: 'DRAINING' } }]);
  expect((await fetch(`${stack.url}/ready`)).status).toBe(503);
  expect((await fetch(`${stack.url}/healthz`)).status).toBe(200);
  release('done');
  expect((await slow).body).toEqual({ data: { slow: 'done' } });
  await closed;
  await expect(fetch(`${stack.url}/healthz`)).rejects.toThrow();
});

test('closing does not wait for a request that never ends', async () => {
  const stack = await start({
    config: { drainTimeoutMs: 50, subgraphTimeoutMs: 60_000 },
    reach: (clinical) => ({ ...clinical, execute: () => new Promise(() => {}) }),
  });
  const stuck = stack.ask(timeline).catch(() => 'cut');
  await expect.poll(() => stack.log.length).toBeGreaterThan(0);
  await stack.router.close();
  expect(await stuck).toBeDefined();
});

test('a taken port is said clearly', async () => {
  const stack = await start();
  const port = Number(new URL(stack.url).port);
  await expect(startStack({ config: { port } })).rejects.toThrow(
    new RegExp(`PORT_TAKEN: port ${port} on 127.0.0.1`),
  );
});
