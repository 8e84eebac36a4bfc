import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startJourney, type JourneyStack } from '../test-stack.ts';
import { everyCaller, type Caller } from './callers.ts';
import { codesOf, jsonHeaders, readBody, send, type WireAnswer } from './wire.ts';

/**
 * The probes of graphql-cop (github.com/dolevf/graphql-cop), written anew: what each one sends, and
 * what it takes for a vulnerability. Whoever asks, none may find one. Two are for developers: the
 * schema and its suggestions answer tokens with free documents, and nobody else.
 */
let stack: JourneyStack;
let callers: readonly Caller[];

beforeAll(async () => {
  stack = await startJourney({ households: 1 });
  callers = await everyCaller(stack);
});
afterAll(() => stack.stop());

const everybody = [
  'nobody',
  'a token that is none',
  'a partner',
  'the field app',
  'a worker with free documents',
];
const callerOf = (name: string): Caller => {
  const found = callers.find((one) => one.name === name);
  if (found === undefined) throw new Error(`nobody is called ${name}`);
  return found;
};

const post = (caller: Caller, body: unknown) =>
  send(stack.url, { headers: jsonHeaders(caller.token), body: JSON.stringify(body) });
const get = (caller: Caller, query: string) =>
  send(stack.url, {
    method: 'GET',
    path: `/graphql?query=${encodeURIComponent(query)}`,
    headers: jsonHeaders(caller.token).filter(([name]) => name !== 'content-type'),
  });

/** Everything a probe may read: no data, one error with a code and nothing beside it. */
function expectRefused(answer: WireAnswer, { documents }: Caller, code: string): void {
  const whole = JSON.parse(answer.text) as Record<string, unknown>;
  expect(Object.keys(whole)).toEqual(['errors']);
  expect(readBody(answer).errors).toHaveLength(1);
  const expected = { none: 'UNAUTHENTICATED', registered: 'DOCUMENT_NOT_REGISTERED', free: code };
  expect(codesOf(answer)).toEqual([expected[documents]]);
}

describe.each(everybody)('%s', (name) => {
  test('alias overloading: a hundred and one aliases of one field', async () => {
    const caller = callerOf(name);
    const aliases = Array.from({ length: 101 }, (_, at) => `alias${at}:__typename`).join(' ');
    const answer = await post(caller, { query: `query cop { ${aliases} }` });
    expectRefused(answer, caller, 'DOCUMENT_LIMIT_EXCEEDED');
  });

  test('array batching: ten operations in one request', async () => {
    const caller = callerOf(name);
    const answer = await post(caller, Array(10).fill({ query: 'query cop { __typename }' }));
    expectRefused(answer, caller, 'BAD_REQUEST');
  });

  test.each([10, 5])(
    'directive overloading: %i unknown directives give one error',
    async (many) => {
      const caller = callerOf(name);
      const query = `query cop { __typename ${'@aa'.repeat(many)} }`;
      expectRefused(await post(caller, { query }), caller, 'DOCUMENT_LIMIT_EXCEEDED');
    },
  );

  test('circular introspection: types of fields of types', async () => {
    const caller = callerOf(name);
    const around = (depth: number): string =>
      depth === 0 ? 'name' : `fields { type { ${around(depth - 1)} } }`;
    const answer = await post(caller, {
      query: `query cop { __schema { types { ${around(8)} } } }`,
    });
    expectRefused(answer, caller, 'DOCUMENT_LIMIT_EXCEEDED');
  });

  test('circular fragments', async () => {
    const caller = callerOf(name);
    const query = `query { ...A } fragment A on Query { __typename ...B }
      fragment B on Query { __typename ...A }`;
    expectRefused(await post(caller, { query }), caller, 'DOCUMENT_LIMIT_EXCEEDED');
  });

  test('field duplication: one field many hundred times', async () => {
    const caller = callerOf(name);
    const query = `query cop { ${'__typename \n'.repeat(500)} }`;
    expectRefused(await post(caller, { query }), caller, 'DOCUMENT_LIMIT_EXCEEDED');
  });

  test('GET method: a query in the URL without a preflight', async () => {
    const caller = callerOf(name);
    expectRefused(await get(caller, 'query cop {__typename}'), caller, 'METHOD_NOT_ALLOWED');
  });

  test('mutation by GET', async () => {
    const caller = callerOf(name);
    const answer = await get(caller, 'mutation cop {__typename}');
    expectRefused(answer, caller, 'METHOD_NOT_ALLOWED');
    const preflighted = await send(stack.url, {
      method: 'GET',
      path: `/graphql?query=${encodeURIComponent('mutation cop {__typename}')}`,
      headers: [...jsonHeaders(caller.token), ['apollo-require-preflight', 'yes']],
    });
    expect(preflighted.status).toBeGreaterThanOrEqual(400);
    expect(readBody(preflighted).data ?? null).toBeNull();
  });

  test('POST of a form, as a page elsewhere can send it', async () => {
    const caller = callerOf(name);
    const [authorization] = jsonHeaders(caller.token);
    const answer = await send(stack.url, {
      headers: [
        ...(caller.token === undefined || authorization === undefined ? [] : [authorization]),
        ['content-type', 'application/x-www-form-urlencoded'],
      ],
      body: `query=${encodeURIComponent('query cop { __typename }')}`,
    });
    expect(answer.status).toBe(caller.documents === 'none' ? 401 : 415);
    expect(readBody(answer).data ?? null).toBeNull();
  });

  test('trace mode and unhandled errors: an answer holds no extensions and no stack', async () => {
    const caller = callerOf(name);
    for (const query of ['query cop { __typename }', 'qwerty cop { abc }']) {
      const answer = await post(caller, { query });
      expect(JSON.parse(answer.text)).not.toHaveProperty('extensions');
      expect(answer.text).not.toMatch(
        /tracing|exception|stacktrace|node_modules|\.ts:\d|at \w+ \(/i,
      );
    }
    const broken = await post(caller, { query: 'qwerty cop { abc }' });
    expectRefused(broken, caller, 'GRAPHQL_PARSE_FAILED');
  });

  test('an IDE where scanners look for one', async () => {
    const caller = callerOf(name);
    for (const path of ['/', '/graphiql', '/playground', '/console', '/graphql', '/altair']) {
      const headers = jsonHeaders(caller.token).filter(([header]) => header !== 'content-type');
      const asked = await send(stack.url, {
        method: 'GET',
        path,
        headers: [...headers, ['accept', 'text/html']],
      });
      expect(asked.headers['content-type'], path).toMatch(/json/);
      expect(asked.text, path).not.toMatch(/graphiql|playground|graphql console|altair|<html/i);
    }
  });
});

const introspection = 'query cop { __schema { types { name fields { name } } } }';
const misspelt = 'query cop { __schema { directive } }';

describe('for developers alone', () => {
  test.each(everybody.slice(0, -1))('introspection answers not %s', async (name) => {
    const answer = await post(callerOf(name), { query: introspection });
    expectRefused(answer, callerOf(name), 'FORBIDDEN');
  });

  test.each(everybody.slice(0, -1))('suggestions answer not %s', async (name) => {
    const answer = await post(callerOf(name), { query: misspelt });
    expectRefused(answer, callerOf(name), 'GRAPHQL_VALIDATION_FAILED');
    expect(answer.text).not.toMatch(/did you mean/i);
  });

  test('the probes would find what is open', async () => {
    const free = callerOf('a worker with free documents');
    expect(readBody(await post(free, { query: introspection })).data).toHaveProperty('__schema');
    expect((await post(free, { query: misspelt })).text).toMatch(/did you mean/i);
    expect(readBody(await post(free, { query: '{ __typename }' })).data).toEqual({
      __typename: 'Query',
    });
  });
});
