import { expect, test } from 'vitest';
import { readRouterConfig } from './config.ts';
import { defaultLimits } from './limits/index.ts';

const complete = {
  TOKEN_ISSUER: 'https://identity.test',
  TOKEN_AUDIENCE: 'caregraph',
  JWKS_URL: 'https://identity.test/jwks',
  GRAPH_URL: 'https://graph.test/graphql',
  ROUTER_CONTEXT_KEY: Buffer.alloc(32, 3).toString('base64'),
  SUBGRAPH_URLS: 'patient=http://127.0.0.1:4101/graphql, clinical=http://127.0.0.1:4102/graphql',
};

test('what is left out has a default, but never who is let in', () => {
  const config = readRouterConfig(complete);
  expect(config.router).toMatchObject({ host: '127.0.0.1', port: 4000, bodyLimitBytes: 1_048_576 });
  expect(config.subgraphUrls).toEqual({
    patient: 'http://127.0.0.1:4101/graphql',
    clinical: 'http://127.0.0.1:4102/graphql',
  });
  expect(Object.isFrozen(config) && Object.isFrozen(config.router)).toBe(true);
  for (const name of Object.keys(complete)) {
    expect(() => readRouterConfig({ ...complete, [name]: undefined })).toThrow(name);
  }
});

test.each([
  ['PORT', '70000'],
  ['PORT', 'four'],
  ['SUBGRAPH_URLS', 'only-a-name'],
  ['SUBGRAPH_URLS', 'patient=ftp://x'],
  ['EXPLORER', 'maybe'],
  ['JWKS_URL', 'not a url secret'],
])('%s=%s is refused by name, without its value', (name, value) => {
  const read = () => readRouterConfig({ ...complete, [name]: value });
  expect(read).toThrow(name);
  expect(read).not.toThrow(value);
});

test('documents and the keys that sign them are named together', () => {
  const both = { ...complete, DOCUMENTS_DIR: '/srv/documents', DOCUMENT_KEYS_FILE: '/srv/keys' };
  expect(readRouterConfig(complete).documents).toBeUndefined();
  expect(readRouterConfig(both).documents).toEqual({
    folder: '/srv/documents',
    keysFile: '/srv/keys',
  });
  for (const { DOCUMENTS_DIR, DOCUMENT_KEYS_FILE } of [
    { ...both, DOCUMENTS_DIR: undefined },
    { ...both, DOCUMENT_KEYS_FILE: undefined },
  ]) {
    const env = { ...complete, DOCUMENTS_DIR, DOCUMENT_KEYS_FILE };
    expect(() => readRouterConfig(env)).toThrow('go together');
  }
});

test('limits have sensible values, can be set, and cannot be none', () => {
  expect(readRouterConfig(complete).router.limits).toEqual(defaultLimits);
  const { limits } = readRouterConfig({ ...complete, COST_BUDGET: '5', MAX_DEPTH: '7' }).router;
  expect(limits).toMatchObject({ costBudget: 5, maxDepth: 7 });
  expect(() => readRouterConfig({ ...complete, COST_BUDGET: '0' })).toThrow('COST_BUDGET');
});
