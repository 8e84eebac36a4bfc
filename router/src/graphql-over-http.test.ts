import { serverAudits } from 'graphql-http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startStack, type Stack } from './test-stack.ts';

/** The audits of the GraphQL-over-HTTP specification, as npm graphql-http publishes them. */
let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack.stop());

const withToken = (url: string | URL | Request, init: RequestInit = {}) => {
  const headers = new Headers(init.headers);
  headers.set('authorization', `Bearer ${stack.token}`);
  headers.set('apollo-require-preflight', 'true');
  return fetch(url, { ...init, headers });
};
const audits = serverAudits({ url: () => `${stack.url}/graphql`, fetchFn: withToken });

/**
 * The specification would have these answer 200 to clients that accept application/json only. A
 * document that cannot run is answered 400 to everyone, so that no proxy or metric counts it as
 * success.
 */
const deliberatelyMissed = [
  'SHOULD use 200 status code on document parsing failure when accepting application/json',
  'SHOULD use 200 status code on document validation failure when accepting application/json',
  'SHOULD use a status code of 200 on variable coercion failure when accepting application/json',
];

describe('GraphQL over HTTP', () => {
  test.each(audits.filter(({ name }) => name.startsWith('MUST')).map((a) => [a.name, a] as const))(
    '%s',
    async (_name, audit) => {
      const result = await audit.fn();
      expect(result.status, 'reason' in result ? result.reason : '').toBe('ok');
    },
  );

  test('what SHOULD be is, but for what is listed here', async () => {
    const should = audits.filter(({ name }) => name.startsWith('SHOULD'));
    const results = await Promise.all(should.map((audit) => audit.fn()));
    const missed = results.filter(({ status }) => status !== 'ok').map(({ name }) => name);
    expect(missed).toEqual(deliberatelyMissed);
  });
});
