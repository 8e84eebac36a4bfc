import { request as httpRequest } from 'node:http';
import { isUuidV7 } from '@caregraph/clock';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startStack, type Stack } from './test-stack.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack.stop());

const post = (body: string, headers: Record<string, string> = {}) =>
  fetch(`${stack.url}/graphql`, {
    method: 'POST',
    body,
    headers: {
      authorization: `Bearer ${stack.token}`,
      'content-type': 'application/json',
      ...headers,
    },
  });
const get = (search: string, headers: Record<string, string> = {}) =>
  fetch(`${stack.url}/graphql?${search}`, {
    headers: {
      authorization: `Bearer ${stack.token}`,
      'apollo-require-preflight': 'true',
      ...headers,
    },
  });
async function errorOf(answer: Response) {
  const { errors } = (await answer.json()) as {
    errors: { message: string; extensions: Record<string, unknown> }[];
  };
  return errors[0];
}

describe('answers', () => {
  test('one document over two subgraphs', async () => {
    const { status, body } = await stack.ask('{ patients { id name checkups { systolicMmHg } } }');
    expect(status).toBe(200);
    expect(body).toEqual({
      data: {
        patients: [
          { id: '1', name: 'Asha', checkups: [{ systolicMmHg: 120 }] },
          { id: '2', name: 'Bina', checkups: [{ systolicMmHg: 120 }] },
        ],
      },
    });
  });

  test('variables by POST; a URL, which others log, takes neither them nor literals', async () => {
    const query = 'query ($id: ID!) { patient(id: $id) { name } }';
    const { body } = await stack.ask(query, { variables: { id: '2' } });
    expect(body.data).toEqual({ patient: { name: 'Bina' } });
    for (const search of [
      { query, variables: '{"id":"1"}' },
      { query: '{ patient(id: "1") { name } }' },
      { query: '{ checkupCount }' },
    ]) {
      const answer = await get(new URLSearchParams(search).toString());
      expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST']);
      expect(await errorOf(answer)).toMatchObject({
        message: 'Send the document by POST; GET is for registered documents.',
        extensions: { code: 'METHOD_NOT_ALLOWED', reason: 'DOCUMENT_IN_URL' },
      });
    }
  });

  test('a mutation by GET is refused', async () => {
    const query = 'mutation { renamePatient(id: "1", name: "X") { id } }';
    const answer = await get(new URLSearchParams({ query }).toString());
    expect(answer.status).toBe(405);
  });

  test('patient data is never cached', async () => {
    const { headers } = await stack.ask('{ patients { id } }');
    expect(headers.get('cache-control')).toBe('no-store');
  });
});

describe('who asks', () => {
  const ask = (authorization?: string) =>
    fetch(`${stack.url}/graphql`, {
      method: 'POST',
      // Not even JSON: the token is looked at first.
      body: 'not json',
      headers: {
        'content-type': 'application/json',
        ...(authorization === undefined ? {} : { authorization }),
      },
    });

  test('a request without a token is refused', async () => {
    const answer = await ask();
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe(
      'Bearer realm="caregraph", DPoP algs="ES256"',
    );
    expect(await errorOf(answer)).toMatchObject({
      extensions: { code: 'UNAUTHENTICATED', reason: 'TOKEN_MISSING' },
    });
  });

  test('an expired token is refused and told so', async () => {
    const answer = await ask(`Bearer ${await stack.tokens.issue(stack.subject, -3_600)}`);
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toContain('error="invalid_token"');
    expect(await errorOf(answer)).toMatchObject({
      extensions: { code: 'UNAUTHENTICATED', reason: 'TOKEN_EXPIRED' },
    });
  });

  test('a token with a broken signature is refused', async () => {
    const [head, claims] = stack.token.split('.');
    const signature = Buffer.alloc(64, 7).toString('base64url');
    const answer = await ask(`Bearer ${head}.${claims}.${signature}`);
    expect(await errorOf(answer)).toMatchObject({
      extensions: { code: 'UNAUTHENTICATED', reason: 'TOKEN_SIGNATURE_INVALID' },
    });
  });

  test('only what a subgraph checks itself reaches it', async () => {
    const { headers, body } = await stack.ask('{ whoami { id headers } }', {
      headers: {
        'x-purpose': 'treatment',
        'x-request-id': 'mine',
        cookie: 'a=b',
        'x-forwarded-for': '10.0.0.1',
      },
    });
    const requestId = headers.get('x-request-id') ?? '';
    expect(isUuidV7(requestId)).toBe(true);
    const { id, headers: seen } = body.data?.['whoami'] as { id: string; headers: string[] };
    expect(id).toBe(stack.subject.id);
    expect(seen.toSorted()).toEqual([
      'content-type: application/json',
      'x-purpose: treatment',
      expect.stringMatching(/^x-router-context: [\w-]+\.[\w-]+$/),
    ]);
    const context = seen.find((one) => one.startsWith('x-router-context')) ?? '';
    const payload = context.replace('x-router-context: ', '').split('.')[0] ?? '';
    const said = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object;
    expect(said).toMatchObject({ requestId });
  });
});

describe('bad input', () => {
  test.each([
    ['{ patients {', 'GRAPHQL_PARSE_FAILED'],
    ['{ nobody }', 'GRAPHQL_VALIDATION_FAILED'],
    ['query ($id: ID!) { patient(id: $id) { name } }', 'BAD_USER_INPUT'],
  ])('%s is refused with 400 %s', async (query, code) => {
    const { status, body } = await stack.ask(query);
    expect(status).toBe(400);
    expect(body.data).toBeUndefined();
    expect(body.errors).toMatchObject([{ extensions: { code } }]);
  });

  test.each([
    ['an operation that is not there', '{ checkupCount }', 'Other', 'OPERATION_NOT_FOUND'],
    [
      'one of several',
      'query A { checkupCount } query B { checkupCount }',
      undefined,
      'OPERATION_NOT_FOUND',
    ],
    ['a subscription', 'subscription { checkups }', undefined, 'SUBSCRIPTION_NOT_OFFERED'],
  ])('%s is refused with 400', async (_what, query, operationName, reason) => {
    const answer = await post(JSON.stringify({ query, operationName }));
    expect(answer.status).toBe(400);
    expect((await errorOf(answer))?.extensions).toMatchObject({ code: 'BAD_REQUEST', reason });
  });

  test.each(['{"query": ', '', '[1', '"text"', '{"__proto__": 1, "query": "{ patients { id } }"}'])(
    'body %j is refused with 400',
    async (body) => {
      const answer = await post(body);
      expect(answer.status).toBe(400);
      expect((await errorOf(answer))?.extensions['code']).toBe('BAD_REQUEST');
    },
  );

  test('a document nested without end is refused in our words', async () => {
    const { status, body } = await stack.ask('{patients'.repeat(100_000));
    expect(status).toBe(400);
    expect(body.errors).toMatchObject([
      {
        message: 'The document is over a limit.',
        extensions: { code: 'DOCUMENT_LIMIT_EXCEEDED', limit: 'tokens' },
      },
    ]);
  });

  test('a body that is not JSON by its type is refused', async () => {
    const answer = await post('{ patients { id } }', { 'content-type': 'text/plain' });
    expect(answer.status).toBe(415);
    expect((await errorOf(answer))?.extensions['code']).toBe('UNSUPPORTED_MEDIA_TYPE');
  });

  test('a simple cross-site GET is refused', async () => {
    const answer = await fetch(`${stack.url}/graphql?query=%7BcheckupCount%7D`, {
      headers: { authorization: `Bearer ${stack.token}` },
    });
    expect(answer.status).toBe(405);
  });

  test('a batch is refused', async () => {
    expect((await post('[{"query":"{checkupCount}"},{"query":"{checkupCount}"}]')).status).toBe(
      400,
    );
  });

  test('a body of 10 MB is refused with 413, sent at once or in pieces', async () => {
    const body = JSON.stringify({ query: `# ${'x'.repeat(10_000_000)}\n{ checkupCount }` });
    for (const pieces of [1, 50]) {
      const { status, text } = await sendSlowly(body, pieces);
      expect(status).toBe(413);
      expect(JSON.parse(text)).toMatchObject({
        errors: [{ extensions: { code: 'BODY_TOO_LARGE' } }],
      });
    }
    expect((await stack.ask('{ checkupCount }')).status).toBe(200);
  });

  /** Reads the answer even when the server stops reading the body half way. */
  function sendSlowly(body: string, pieces: number): Promise<{ status: number; text: string }> {
    return new Promise((resolve, reject) => {
      const outgoing = httpRequest(`${stack.url}/graphql`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${stack.token}`,
          'content-type': 'application/json',
          ...(pieces === 1 ? { 'content-length': Buffer.byteLength(body) } : {}),
        },
      });
      let answered = false;
      outgoing.on('response', (answer) => {
        answered = true;
        let text = '';
        answer.on('data', (chunk: Buffer) => (text += chunk.toString()));
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }));
      });
      outgoing.on('error', (error) => {
        if (!answered) reject(error);
      });
      const size = Math.ceil(body.length / pieces);
      for (let at = 0; at < body.length; at += size) outgoing.write(body.slice(at, at + size));
      outgoing.end();
    });
  }

  test('another path is not found', async () => {
    const answer = await fetch(`${stack.url}/graphqll`, { method: 'POST' });
    expect(answer.status).toBe(404);
    expect((await errorOf(answer))?.extensions['code']).toBe('NOT_FOUND');
  });
});

describe('errors', () => {
  test('an unknown error of a subgraph is masked and logged with the request id', async () => {
    const { headers, body } = await stack.ask('{ broken checkupCount }');
    const requestId = headers.get('x-request-id');
    expect(body).toEqual({
      data: { broken: null, checkupCount: 3 },
      errors: [
        {
          message: 'Something went wrong on our side.',
          path: ['broken'],
          extensions: { code: 'INTERNAL', subgraph: 'patient', requestId },
        },
      ],
    });
    expect(stack.log.join('')).toContain(requestId);
    expect(stack.log.join('')).not.toContain('secret');
  });

  test('a code and the details of a subgraph are kept, its stack is not', async () => {
    const { body } = await stack.ask('{ refused }');
    expect(body.errors).toEqual([
      {
        message: 'Your role does not permit this.',
        path: ['refused'],
        extensions: { code: 'FORBIDDEN', permission: 'patient:read', subgraph: 'patient' },
      },
    ]);
  });

  test('the log of a GET holds neither its document nor its variables', async () => {
    await get(new URLSearchParams({ query: '{ patient(id: "9876543210") { name } }' }).toString());
    expect(stack.log.join('')).not.toContain('9876543210');
  });
});

test('introspection is refused where it is switched off', async () => {
  const closed = await startStack({ config: { introspection: false } });
  const { status } = await closed.ask('{ __schema { types { name } } }');
  expect(status).toBe(400);
  const { body } = await closed.ask('{ patientz { id } }');
  expect(JSON.stringify(body)).not.toContain('Did you mean');
  await closed.stop();
});
