import { expect, test } from 'vitest';
import { readRouterConfig } from './config.ts';

const complete = {
  TOKEN_ISSUER: 'https://identity.test',
  TOKEN_AUDIENCE: 'caregraph',
  JWKS_URL: 'https://identity.test/jwks',
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
