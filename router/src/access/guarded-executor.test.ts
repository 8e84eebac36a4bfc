import { buildSchema, parse } from 'graphql';
import { expect, test, vi } from 'vitest';
import { createGuardedExecutor, type Executor } from './guarded-executor.ts';
import { actorWith } from './test-gateway.ts';

type Request = Parameters<Executor>[0];

const schema = buildSchema('type Query { free: Int secret: Int }');
const rules = {
  requirements: [{ authenticated: true, scopes: [['patient:read']], policies: [] }],
  types: new Map<string, number>(),
  fields: new Map([['Query.secret', 0]]),
};

function guarded(unauthorisedFields: 'null' | 'refuse' = 'null') {
  const inner = vi.fn<Executor>(async () => ({ data: { free: 1 } }));
  const gateway = { executor: inner };
  const executor = createGuardedExecutor({ gateway, schema, rules, unauthorisedFields });
  return { inner, executor };
}

function asking(text: string, context: object): Request {
  const document = parse(text);
  const asked = { document, operation: document.definitions[0], queryHash: 'hash', request: {} };
  // The gateway's own type asks for much that only the server fills in.
  return { ...asked, schema, context } as unknown as Request;
}

test.each([
  ['an empty context', {}],
  ['an actor that is undefined', { actor: undefined }],
])('a request with %s runs nothing', async (_what, context) => {
  for (const text of ['{ free }', '{ secret }']) {
    for (const mode of ['null', 'refuse'] as const) {
      const { inner, executor } = guarded(mode);
      await expect(executor(asking(text, context))).rejects.toThrow('without an actor');
      expect(inner).not.toHaveBeenCalled();
    }
  }
});

test('who may have all runs the request that was sent', async () => {
  const { inner, executor } = guarded();
  const request = asking('{ free secret }', { actor: actorWith(['patient:read']) });
  await executor(request);
  expect(inner).toHaveBeenCalledExactlyOnceWith(request);
});

test('what is left runs under another hash of its own', async () => {
  const { inner, executor } = guarded();
  const answer = await executor(asking('{ free secret }', { actor: actorWith([]) }));
  expect(inner).toHaveBeenCalledOnce();
  expect(inner.mock.lastCall?.[0].queryHash).not.toBe('hash');
  expect(answer.data).toEqual({ free: 1, secret: null });
});

test('a document that is refused whole runs nothing', async () => {
  const { inner, executor } = guarded('refuse');
  const answer = await executor(asking('{ free secret }', { actor: actorWith([]) }));
  expect(inner).not.toHaveBeenCalled();
  expect(answer.errors?.[0]?.extensions).toMatchObject({ coordinates: ['Query.secret'] });
});
