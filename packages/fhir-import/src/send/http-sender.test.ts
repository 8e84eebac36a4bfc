import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { createGraphqlSender } from './graphql-sender.ts';
import { createHttpAsk } from './http-ask.ts';
import type { WireEntry } from './sender.ts';

let server: Server | undefined;
afterEach(() => {
  server?.close();
  server = undefined;
});

interface Received {
  readonly authorization: string | undefined;
  readonly ids: readonly string[];
}
type Answer = { status?: number; body: unknown };

/** A server that answers as it is told, and a sender to it. */
async function connect(answer: (received: Received) => Answer) {
  const received: Received[] = [];
  const started = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk) => (text += String(chunk)));
    request.on('end', () => {
      const { variables } = JSON.parse(text) as { variables: { operations: WireEntry[] } };
      const ids = variables.operations.map(({ operation }) => operation.id);
      const one = { authorization: request.headers.authorization, ids };
      received.push(one);
      const { status = 200, body } = answer(one);
      response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body));
    });
  });
  server = started;
  await new Promise<void>((done) => started.listen(0, '127.0.0.1', done));
  // An address after listen() on a port.
  const { port } = started.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/graphql`;
  const ask = createHttpAsk({ url, token: async (isRenewal) => (isRenewal ? 'new' : 'old') });
  const { send } = createGraphqlSender(ask, async () => true);
  return { received, send: (...ids: string[]) => send('patient', ids.map(wire)) };
}

const wire = (id: string): WireEntry => ({
  operation: { id, deviceId: 'd', deviceSequence: 1, recordedAt: '', clockOffsetMs: 0 },
});
const receipt = { verdict: 'APPLIED', replayed: false, problems: [] };
const receipts = (...list: unknown[]) => ({ data: { applyPatientOperations: list } });
const failure = (code: string) => ({ errors: [{ message: 'x', extensions: { code } }] });

test('receipts come in order, and a fault stands in its place', async () => {
  const { send } = await connect(() => ({
    body: {
      ...receipts(receipt, null, receipt),
      errors: [
        {
          message: 'x',
          path: ['applyPatientOperations', 1],
          extensions: { code: 'OPERATION_ID_REUSED' },
        },
      ],
    },
  }));
  expect(await send('1', '2', '3')).toEqual([
    receipt,
    { fault: 'OPERATION_ID_REUSED', isTransient: false },
    receipt,
  ]);
});

test('one entry that the scalars refuse is found among the others', async () => {
  const { send, received } = await connect(({ ids }) =>
    ids.includes('bad')
      ? { status: 400, body: failure('BAD_USER_INPUT') }
      : { body: receipts(...ids.map(() => receipt)) },
  );
  const answers = await send('1', '2', 'bad', '4', '5');
  expect(answers.map(({ fault }) => fault)).toEqual([
    undefined,
    undefined,
    'BAD_USER_INPUT',
    undefined,
    undefined,
  ]);
  expect(received.length).toBeLessThan(8);
});

test('a token that has run out is renewed once', async () => {
  const { send, received } = await connect(({ authorization }) =>
    authorization === 'Bearer new'
      ? { body: receipts(receipt) }
      : { status: 401, body: failure('TOKEN_EXPIRED') },
  );
  expect(await send('1')).toEqual([receipt]);
  await send('2');
  expect(received.map(({ authorization }) => authorization)).toEqual([
    'Bearer old',
    'Bearer new',
    'Bearer new',
  ]);
});

test.each([
  [401, failure('TOKEN_ISSUER_REFUSED'), 'TOKEN_REFUSED'],
  [401, 'not json', 'TOKEN_REFUSED'],
  [200, failure('FORBIDDEN'), 'REQUEST_REFUSED'],
  [400, failure('GRAPHQL_VALIDATION_FAILED'), 'REQUEST_REFUSED'],
  [404, '<html>', 'REQUEST_REFUSED'],
])('%d %j stops the import', async (status, body, code) => {
  const { send } = await connect(() => ({ status, body }));
  await expect(send('1')).rejects.toMatchObject({ name: 'ImportStopped', code });
});

test.each([
  [503, '<html>'],
  [500, failure('INTERNAL')],
  [200, failure('SUBGRAPH_UNAVAILABLE')],
  [429, 'slow down'],
])('%d %j is tried again', async (status, body) => {
  const { send } = await connect(() => ({ status, body }));
  await expect(send('1')).rejects.toMatchObject({ name: 'TransientFault' });
});

test('a server that is not there is tried again', async () => {
  const ask = createHttpAsk({ url: 'http://127.0.0.1:9/graphql', token: async () => 'x' });
  const { send } = createGraphqlSender(ask, async () => true);
  await expect(send('patient', [wire('1')])).rejects.toMatchObject({ name: 'TransientFault' });
});
